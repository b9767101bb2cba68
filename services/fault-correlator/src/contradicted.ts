import type { DataByType } from '@lifeboat/contracts';
import { type Decision, decided, type HostId, type Instant } from '@lifeboat/kernel';
import { type Output, tell } from '@lifeboat/runtime';
import type { Suspect } from './confirmed.ts';
import type { CorrelatorSettings } from './settings.ts';
import { type Confirmed, type CorrelatorState, type HostView, viewOf } from './state.ts';

/** Its incident has a proof of death for it. An older one that was contradicted is forgotten: this one is another. */
export function provenDead(
  s: CorrelatorState,
  { host, incident, proof }: DataByType['lifeboat.host.isolated'],
  at: Instant,
): CorrelatorState {
  const standing = s.standings.get(host);
  if (standing?.kind !== 'confirmed' || standing.incident !== incident) return s;
  return { ...s, standings: s.standings.set(host, { ...standing, proven: { proof, heardAt: at, contradicted: false } }) };
}

/** It lives the life in which it was proven dead: its agent has registered since, and it has not started anew. */
const isSameLife = (c: Confirmed, { agent }: HostView): boolean =>
  c.proven !== undefined && agent?.is === 'ok' && agent.at > c.proven.heardAt && agent.bootId !== '' && agent.bootId === c.bootId;

/** Known of soon: whether its proof of death was one. */
export const isInDoubt = (s: CorrelatorState, host: HostId, c: Confirmed): boolean =>
  c.proven?.contradicted === false && isSameLife(c, viewOf(s, host));

/**
 * A fence device may say off of a host that is on, a rack may be cut off from everything and live. Once such a host is heard of
 * again, in the life in which it was taken for dead, that is known; as soon as its session has outlived any that was only late.
 */
export function tellContradictions(
  s: CorrelatorState,
  settings: CorrelatorSettings,
  suspects: readonly Suspect[],
  now: Instant,
): Decision<CorrelatorState, Output<never>> {
  let { standings } = s;
  const outputs: Output<never>[] = [];
  for (const { host } of suspects) {
    const c = standings.get(host);
    if (c?.kind !== 'confirmed' || c.proven === undefined || !isInDoubt(s, host, c)) continue;
    const backAt = viewOf(s, host).agent?.at ?? now;
    if (now - backAt < settings.contradictedAfterMs) continue;
    standings = standings.set(host, { ...c, proven: { ...c.proven, contradicted: true } });
    const data = { host, incident: c.incident, proof: c.proven.proof, backAt, at: now };
    outputs.push(tell({ type: 'lifeboat.proof.contradicted', incident: c.incident, data }));
  }
  return decided(outputs.length === 0 ? s : { ...s, standings }, ...outputs);
}
