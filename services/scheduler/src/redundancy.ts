import type { Rehearsed } from '@lifeboat/contracts';
import { type ClusterId, decided, type HostId, type Instant, stay } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import type { Endangered, RedundancySeen } from './effects.ts';
import type { SchedulerSettings } from './settings.ts';
import type { EndangeredRecord, SchedulerState } from './state.ts';
import type { Step } from './step.ts';

/** So many are listed in one event; the others are counted. */
const LISTED = 100;
const keyOf = (e: Pick<Endangered, 'kind' | 'name'>): string => `${e.kind}/${e.name}`;

/**
 * Before anything fails: what could not fail now without loss. Nothing is told of it yet: it may pass.
 *
 *   (none) --lost--> since … --settled--> told n --all find a place--> well … --settled--> (none)
 *                      `--well again--> (none)      `<---lost again---'
 */
export function seenRedundancy(s: SchedulerState, seen: RedundancySeen, at: Instant): Step {
  let { redundancy } = s;
  const lost = new Set(seen.endangered.map(keyOf));
  for (const e of seen.endangered) {
    const was = redundancy.get(keyOf(e));
    const record: EndangeredRecord = { ...e, since: was?.since ?? at, wellSince: null, told: was?.told ?? 0 };
    redundancy = redundancy.set(keyOf(e), record);
  }
  for (const [key, r] of s.redundancy.entries()) {
    if (lost.has(key)) continue;
    if (r.told === 0) redundancy = redundancy.delete(key);
    else if (r.wellSince === null) redundancy = redundancy.set(key, { ...r, wellSince: at });
  }
  return stay({ ...s, redundancy });
}

/**
 * Tells what has stayed so for the settling time: all of it in one event, and not again before another settling time is
 * over. What is lost already is told again only when it has become twice as bad.
 */
export function tellRedundancy(s: SchedulerState, settings: SchedulerSettings, at: Instant): Step {
  if (s.redundancy.size === 0 || at - (s.watch.get('redundancy')?.at ?? 0) < settings.redundancySettleMs) return stay(s);
  const settled = (since: Instant | null) => since !== null && at - since >= settings.redundancySettleMs;
  const lost: EndangeredRecord[] = [];
  const restored: EndangeredRecord[] = [];
  let { redundancy } = s;
  for (const [key, r] of s.redundancy.entries()) {
    if (settled(r.wellSince)) {
      redundancy = redundancy.delete(key);
      // one that has failed meanwhile is not restored
      if (!hasFailed(s, r)) restored.push({ ...r, without: 0, names: [] });
    } else if (r.wellSince === null && settled(r.since) && r.without >= Math.max(1, 2 * r.told)) {
      redundancy = redundancy.set(key, { ...r, told: r.without });
      lost.push(r);
    }
  }
  if (redundancy === s.redundancy) return stay(s);
  const outputs = [
    ...(lost.length === 0 ? [] : [tell({ type: 'lifeboat.redundancy.lost', data: about(lost, at) })]),
    ...(restored.length === 0 ? [] : [tell({ type: 'lifeboat.redundancy.restored', data: about(restored, at) })]),
  ];
  const watch = outputs.length === 0 ? s.watch : s.watch.set('redundancy', { n: 0, told: '', stirred: false, at });
  return decided({ ...s, redundancy, watch }, ...outputs);
}

const hasFailed = (s: SchedulerState, r: EndangeredRecord): boolean =>
  r.kind === 'host' && (s.out.has(r.name) || s.incidents.values().some((i) => (r.name as HostId) in i.hosts));

function about(all: readonly EndangeredRecord[], at: Instant) {
  const worst = [...all].sort((a, b) =>
    a.kind === b.kind ? b.without - a.without || (a.name < b.name ? -1 : 1) : a.kind === 'rack' ? -1 : 1,
  );
  const listed = worst.slice(0, LISTED);
  const targets = listed.map(
    ({ kind, name, vms, without, names, called }): Rehearsed => ({
      ...{ kind, name, vms, without, names: [...names] },
      ...(called === undefined || called.every((c) => c === '') ? {} : { called: [...called] }),
    }),
  );
  const clusters = [...new Set<ClusterId>(listed.flatMap((r) => r.clusters))].sort();
  return { targets, more: worst.length - listed.length, clusters, at };
}
