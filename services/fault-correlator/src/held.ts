import type { Evidence } from '@lifeboat/contracts';
import { type Decision, decided, type Instant } from '@lifeboat/kernel';
import { type Output, tell } from '@lifeboat/runtime';
import type { Suspect } from './confirmed.ts';
import type { CorrelatorState } from './state.ts';

/** A host about which nothing may be done, though it looks dead. */
export interface Held {
  readonly one: Suspect;
  readonly reason: string;
  readonly rule: string;
}

/** An event must fit its topic: of a region that falls silent, the evidence of the first hosts stands for all. */
const MOST_EVIDENCE = 200;

/** Told once for each host, and together for all that are held for the same reason: a thousand hosts are one alert. */
export function holdAll(s: CorrelatorState, held: readonly Held[], now: Instant): Decision<CorrelatorState, Output<never>> {
  let { standings } = s;
  const fresh = new Map<string, Held[]>();
  for (const h of held) {
    const { standing, host } = h.one;
    if (standing.kind === 'held' && standing.reason === h.reason) continue;
    standings = standings.set(host, { kind: 'held', since: standing.since, verdict: 'observer failure', reason: h.reason });
    if (standing.kind === 'held') continue;
    const same = fresh.get(h.reason);
    if (same === undefined) fresh.set(h.reason, [h]);
    else same.push(h);
  }
  return decided(standings === s.standings ? s : { ...s, standings }, ...[...fresh].map(([reason, hosts]) => heldTold(reason, hosts, now)));
}

function heldTold(reason: string, held: readonly Held[], now: Instant): Output<never> {
  const [first] = held as [Held];
  const evidence: Evidence[] = [];
  for (const { one } of held) {
    if (evidence.length >= MOST_EVIDENCE) break;
    evidence.push(...one.seen.lines);
  }
  return tell({
    type: 'lifeboat.fault.held',
    data: { verdict: 'observer failure', rule: first.rule, hosts: held.map((h) => h.one.host), evidence, at: now, reason },
  });
}
