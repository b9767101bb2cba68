import type { EventOf, EventType, LifeboatEvent } from '@lifeboat/contracts';
import { hostId, rackId, type VmId } from '@lifeboat/kernel';
import { noFaults, type World } from '@lifeboat/world';
import { type SimulationChoices, type SimulationReport, type Stage, simulate } from './simulate.ts';

/** Eight hosts in three racks, none of whose VMs needs a word of its own. */
export const alpha = hostId('compute-01');
export const rack = rackId('rack-1');
const plain = { ownerStopped: 0, unevacuable: 0, antiAffinityGroups: 0 };

export interface Told extends SimulationReport {
  readonly world: World;
  /** What ran on `alpha` at the beginning. */
  readonly vms: readonly VmId[];
  readonly of: <T extends EventType>(type: T) => readonly EventOf<T>[];
}

/** One story: no faults but its own, which are all mended at `healMs`. */
export async function tell(healMs: number, story: (s: Stage) => void, more: Partial<SimulationChoices> = {}): Promise<Told> {
  let stage: Stage | null = null;
  let vms: readonly VmId[] = [];
  const report = await simulate({
    seed: 4,
    faults: noFaults,
    faultsMs: healMs,
    region: plain,
    ...more,
    story: (s) => {
      stage = s;
      vms = s.world.runningOn(alpha);
      story(s);
    },
  });
  const { world } = stage as unknown as Stage;
  const of = <T extends EventType>(type: T) => report.events.filter((e): e is EventOf<T> => e.type === type);
  return { ...report, world, vms, of };
}

/** Where each VM runs now. */
export const placesOf = (world: World, vms: readonly VmId[]): string[][] => vms.map((vm) => [...world.vm(vm).copies.keys()]);

/** The first event of each type, in the order in which they came; types that never came are missing. */
export const firsts = (events: readonly LifeboatEvent[], types: readonly EventType[]): EventType[] =>
  types
    .map((type) => ({ type, index: events.findIndex((e) => e.type === type) }))
    .filter((x) => x.index >= 0)
    .sort((a, b) => a.index - b.index)
    .map((x) => x.type);
