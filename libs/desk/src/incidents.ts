import type { LifeboatEvent } from '@lifeboat/contracts';
import { isoTime } from '@lifeboat/kernel';

export interface IncidentLine {
  readonly incident: string;
  readonly openedAt: number;
  readonly verdict: string;
  readonly hosts: readonly string[];
  readonly ended: string;
}

/** Oldest first. */
export function incidentsIn(all: readonly LifeboatEvent[]): IncidentLine[] {
  const closed = new Map<string, string>();
  for (const e of all)
    if (e.type === 'lifeboat.incident.closed')
      closed.set(e.data.incident, `${e.data.outcome} after ${((e.data.at - e.data.openedAt) / 1000).toFixed(1)} s`);
  return all
    .flatMap((e) =>
      e.type === 'lifeboat.incident.opened'
        ? [
            {
              incident: e.data.incident,
              openedAt: e.data.at,
              verdict: e.data.verdict,
              hosts: e.data.hosts,
              ended: closed.get(e.data.incident) ?? 'open',
            },
          ]
        : [],
    )
    .sort((a, b) => a.openedAt - b.openedAt || (a.incident < b.incident ? -1 : 1));
}

export const incidentTable = (lines: readonly IncidentLine[]): string =>
  lines.length === 0
    ? 'no incident is on the topics'
    : lines
        .map(
          (i) =>
            `${isoTime(i.openedAt as never)}  ${i.incident}  ${i.verdict}: ${i.hosts.slice(0, 3).join(', ')}${i.hosts.length > 3 ? ` and ${i.hosts.length - 3} more` : ''}  ${i.ended}`,
        )
        .join('\n');
