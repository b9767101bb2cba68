import { maskAll } from '@lifeboat/answers';
import { decided, type IncidentId, type Instant, stay } from '@lifeboat/kernel';
import type { TextReceipt } from '@lifeboat/ports';
import { order, tell } from '@lifeboat/runtime/shell/service';
import type { NotifierSettings } from '../settings.ts';
import type { NotifierState } from '../state.ts';
import type { Keep, NotifierOutput } from './effects.ts';
import { notReached } from './inquiries.ts';
import type { Step } from './send.ts';

/** What became of a text message. The first final word about a message of ours counts; every other is kept, and changes nothing. */
export function receipt(s: NotifierState, name: string, r: TextReceipt, at: Instant): Step {
  const final = r.state === 'sent' ? null : r.state;
  const id = r.id !== undefined && s.texts.has(r.id) ? r.id : s.texts.entries().find(([, t]) => t.providerId === r.providerId)?.[0];
  const of = id === undefined ? undefined : s.texts.get(id);
  const keep = (as: Keep['as']) => order<Keep>({ kind: 'keep', operation: `keep/${name}`, messageId: name, as });
  if (id === undefined || of === undefined || final === null) return decided(s, keep('receipt: other'));
  const { contact, incident, subject } = of;
  const data = { notice: id, contact, subject, state: final, detail: maskAll(r.detail).slice(0, 300), at };
  const told = { ...s, texts: s.texts.delete(id) };
  return decided<NotifierState, NotifierOutput>(
    final === 'failed' ? notReached(told, id, contact, 'sms') : told,
    tell({ type: 'lifeboat.notice.receipt', data: incident === null ? data : { ...data, incident: incident as IncidentId } }),
    keep(`receipt: ${final}`),
  );
}

/** A way for answers has closed, or is open again. */
export function troubled(s: NotifierState, channel: string, trouble: string | null, at: Instant): Step {
  const before = s.troubles.get(channel);
  if (trouble !== null) {
    const what = maskAll(trouble).slice(0, 300);
    return stay({ ...s, troubles: s.troubles.set(channel, { since: before?.since ?? at, what, told: before?.told ?? false }) });
  }
  if (before === undefined) return stay(s);
  const open = { ...s, troubles: s.troubles.delete(channel) };
  return before.told ? decided(open, tell({ type: 'lifeboat.channel.restored', data: { channel, since: before.since, at } })) : stay(open);
}

/** What lasts is told: a connection that is made again at once is nobody's business. */
export function tellTroubles(s: NotifierState, settings: NotifierSettings, at: Instant): Step {
  const due = s.troubles.entries().filter(([, t]) => !t.told && at - t.since >= settings.troubleAfterMs);
  const troubles = due.reduce((all, [channel, t]) => all.set(channel, { ...t, told: true }), s.troubles);
  return decided(
    due.length === 0 ? s : { ...s, troubles },
    ...due.map(([channel, t]) => tell({ type: 'lifeboat.channel.troubled', data: { channel, trouble: t.what, since: t.since, at } })),
  );
}
