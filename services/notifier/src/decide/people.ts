import type { Contact, Language } from '@lifeboat/contracts';
import { type ClusterId, type Instant, stableId } from '@lifeboat/kernel';
import type { InboundAnswer } from '@lifeboat/ports';
import type { EscalationStep, NotifierSettings } from '../settings.ts';

export const languageOf = (settings: NotifierSettings, contact: string): Language => settings.people.get(contact)?.language ?? 'en';

/** +86 138-1234-1234, 0086138…, and what else people and providers write, as E.164; null: no number. */
export function e164(number: string): string | null {
  const bare = number
    .normalize('NFKC')
    .replace(/[\s().\-/]/g, '')
    .replace(/^00/, '+');
  const whole = bare.startsWith('+') ? bare : `+${bare}`;
  return /^\+[1-9][0-9]{5,14}$/.test(whole) ? whole : null;
}

const addressesOf = (c: Contact, channel: InboundAnswer['channel']): string | undefined =>
  channel === 'sms' ? (c.phone === undefined ? undefined : (e164(c.phone) ?? undefined)) : c.email?.toLowerCase();

/** The contacts who write from there. A number may be shared by a shift: the first of them by name has answered. */
export function contactFrom(settings: NotifierSettings, a: InboundAnswer): Contact | null {
  const from = a.channel === 'sms' ? e164(a.from) : a.from.trim().toLowerCase();
  if (from === null || from === '') return null;
  const found = [...settings.people.values()].filter((c) => addressesOf(c, a.channel) === from);
  return found.sort((x, y) => (x.name < y.name ? -1 : 1))[0] ?? null;
}

/** Everybody who may answer for these clusters: who is asked at any step. */
export const mayAnswer = (settings: NotifierSettings, clusters: readonly ClusterId[], contact: string): boolean =>
  clusters.some((c) => (settings.stepsOf.get(c) ?? []).some((step) => step.contacts.includes(contact)));

/** The steps of all clusters concerned, in order of time. */
export const stepsFor = (settings: NotifierSettings, clusters: readonly ClusterId[]): EscalationStep[] =>
  clusters.flatMap((c) => settings.stepsOf.get(c) ?? []).sort((a, b) => a.afterMs - b.afterMs);

/** Who is asked about these clusters, when, and whether they are woken: questions for the same people may go together. */
export const audienceOf = (settings: NotifierSettings, clusters: readonly ClusterId[]): string =>
  stableId(JSON.stringify(stepsFor(settings, clusters)), clusters.some((c) => settings.wakes.has(c)) ? 'wakes' : '');

const formats = new Map<string, Intl.DateTimeFormat>();
/** The minute of the day at that time in that zone. */
function minuteOfDay(at: Instant, timeZone: string): number {
  const known = formats.get(timeZone);
  const format = known ?? new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  formats.set(timeZone, format);
  const [hour = '0', minute = '0'] = format.format(at).split(':');
  return Number(hour) * 60 + Number(minute);
}
const minutes = (clock: string): number => {
  const [hour = '0', minute = '0'] = clock.split(':');
  return Number(hour) * 60 + Number(minute);
};

export function isQuiet(contact: Contact | undefined, at: Instant): boolean {
  const quiet = contact?.quietHours;
  if (quiet === undefined) return false;
  const now = minuteOfDay(at, quiet.timeZone);
  const [from, to] = [minutes(quiet.from), minutes(quiet.to)];
  return from <= to ? now >= from && now < to : now >= from || now < to;
}
