import { type DataByType, DRAINING, ORDER_VALID_MS } from '@lifeboat/contracts';
import { after, decided, type Instant, stay } from '@lifeboat/kernel';
import { order, tell } from '@lifeboat/runtime';
import type { ForgetEffect, SetAsideEffect, SetAsideResult } from '../effects.ts';
import { type Aside, isFailed, type MigratorState } from '../state.ts';
import type { Step } from '../step.ts';

const AGAIN_MS = { first: 500, most: 15_000 };
const TRIES_MOST = 8;

/** A drain begins: new VMs are to stay away first. Of a host that is being isolated it is refused. */
export function drainOpened(s: MigratorState, d: DataByType['lifeboat.drain.opened'], at: Instant): Step {
  if (at - d.at > ORDER_VALID_MS) return stay(s); // meant still? then it is given again
  const known = s.asides.get(d.host);
  if (known?.incident === d.incident || (known !== undefined && d.epoch < known.epoch)) return stay(s);
  const { incident, host, by, epoch } = d;
  if (isFailed(s, host)) {
    const reason = `${host} has failed, or has not been released since it did`;
    return decided(s, tell({ type: 'lifeboat.drain.failed', data: { incident, host, code: 'CLOUD_CONFLICT', reason, at } }));
  }
  const aside: Aside = { incident, host, by, stage: d.disable ? 'setting' : 'set', attempt: 1, epoch };
  const next = { ...s, asides: s.asides.set(host, aside) };
  if (d.disable) return decided(next, setAside(aside, at));
  const told = { incident, host, disabled: 'no' as const, reason: `${by} wanted it so`, at };
  return decided(next, tell({ type: 'lifeboat.host.set-aside', data: told }));
}

/** While VMs leave it, and, once it is empty, as planned work: which is then no fault whatever becomes of it. */
const reasonOf = (a: Aside): string =>
  a.stage === 'closing' ? `Lifeboat maintenance: emptied for ${a.by} (${a.incident})` : `${DRAINING} for ${a.by} (${a.incident})`;

function setAside(a: Aside, at: Instant) {
  const waitMs = a.attempt === 1 ? 0 : Math.min(AGAIN_MS.first * 2 ** (a.attempt - 2), AGAIN_MS.most);
  return order<SetAsideEffect | ForgetEffect>({
    kind: 'set-aside',
    operation: `${a.incident}/set-aside/${a.stage}/${a.attempt}`,
    notBefore: after(at, waitMs),
    incident: a.incident,
    host: a.host,
    reason: reasonOf(a),
  });
}

export function wasSetAside(s: MigratorState, e: SetAsideEffect, r: SetAsideResult, at: Instant): Step {
  const a = s.asides.get(e.host);
  if (a?.incident !== e.incident || a.stage === 'set') return stay(s);
  if (r.kind === 'not-set-aside' && r.then === 'again' && a.attempt < TRIES_MOST && !isFailed(s, e.host)) {
    const again = { ...a, attempt: a.attempt + 1 };
    return decided({ ...s, asides: s.asides.set(e.host, again) }, setAside(again, at));
  }
  const without = { ...s, asides: s.asides.delete(e.host) };
  if (a.stage === 'closing') return stay(without);
  const { incident, host } = a;
  if (r.kind === 'not-set-aside')
    return decided(
      without,
      tell({ type: 'lifeboat.drain.failed', data: { incident, host, code: r.code, reason: r.detail.slice(0, 500), at } }),
    );
  const set: Aside = { ...a, stage: 'set' };
  const told = { incident, host, disabled: r.disabled, reason: r.reason.slice(0, 500), at };
  return decided({ ...s, asides: s.asides.set(host, set) }, tell({ type: 'lifeboat.host.set-aside', data: told }));
}

/** Emptied, and disabled by us: from now on what is done to it is planned work. */
export function drainClosed(s: MigratorState, d: DataByType['lifeboat.drain.closed'], at: Instant): Step {
  const a = s.asides.get(d.host);
  const forget = order<SetAsideEffect | ForgetEffect>({
    kind: 'forget',
    operation: `${d.incident}/forget`,
    incident: d.incident,
    host: d.host,
  });
  if (a?.incident !== d.incident) return stay(s);
  if (d.outcome !== 'emptied' || !d.disabled || !d.whole || isFailed(s, d.host))
    return decided({ ...s, asides: s.asides.delete(d.host) }, forget);
  const closing: Aside = { ...a, stage: 'closing', attempt: 1 };
  return decided({ ...s, asides: s.asides.set(d.host, closing) }, setAside(closing, at), forget);
}
