import type { Language, LifeboatEvent } from '@lifeboat/contracts';
import { type IncidentId, isoTime, type VmId } from '@lifeboat/kernel';
import { namesIn } from './names.ts';
import { sentence } from './sentence.ts';

/** May have led to an incident that has no name yet. */
export const ledTo = (e: LifeboatEvent): boolean =>
  e.type === 'lifeboat.agent.lost' || e.type === 'lifeboat.node.observed' || e.type === 'lifeboat.agent.restarted';

/**
 * The events of one incident and what led to it, in order of time: everything that carries its id, and before the incident
 * was opened whatever was told about its hosts.
 */
export function eventsOfIncident(all: readonly LifeboatEvent[], incident: IncidentId): LifeboatEvent[] {
  const confirmed = all.find((e) => e.type === 'lifeboat.fault.confirmed' && e.data.incident === incident);
  const hosts = new Set<string>(confirmed?.type === 'lifeboat.fault.confirmed' ? confirmed.data.hosts : []);
  const from = confirmed?.type === 'lifeboat.fault.confirmed' ? confirmed.data.suspectedAt : 0;
  const until = confirmed?.time ?? 0;
  const ledToIt = (e: LifeboatEvent): boolean => {
    const host = (e.data as { host?: string }).host;
    return ledTo(e) && host !== undefined && hosts.has(host) && e.time >= from - LOOK_BACK_MS && e.time <= until;
  };
  return all
    .filter((e) => e.incident === incident || ledToIt(e))
    .sort((a, b) => a.time - b.time || (a.source < b.source ? -1 : a.source > b.source ? 1 : a.sequence - b.sequence));
}

const LOOK_BACK_MS = 10_000;

/** One line an event: seconds since the first, who, what. */
export function tellStory(all: readonly LifeboatEvent[], incident: IncidentId, language: Language = 'en'): string[] {
  const events = eventsOfIncident(all, incident);
  const first = events[0];
  if (first === undefined) return [language === 'en' ? `no event of ${incident} is on the topics` : `主题上没有 ${incident} 的事件`];
  const names = new Map<VmId, string>();
  for (const e of events) namesIn(e, names);
  return [
    language === 'en' ? `${incident}, from ${isoTime(first.time)}` : `${incident}，始于 ${isoTime(first.time)}`,
    ...events.map(
      (e) =>
        `${((e.time - first.time) / 1000).toFixed(2).padStart(8)} s  ${(e.source.split('/')[0] ?? '').padEnd(16)}  ${sentence(e, language, names)}`,
    ),
  ];
}
