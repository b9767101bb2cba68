import type { LifeboatEvent } from '@lifeboat/contracts';
import { type HostId, rackId } from '@lifeboat/kernel';
import { noFaults, type World } from '@lifeboat/world';
import { faultsOf, type Row, type Seen } from '../lab-nets/matrix.ts';
import { type Stage, simulate } from './simulate.ts';

const STRUCK_AT_MS = 10_000;
/** Longer than the slowest of them: a rack waits for the rest of itself. */
const LAST_MS = 75_000;
/** At most one host at a time, as in the lab. */
const brake = { clusterShare: 0.01, regionShare: 0.01, hosts: 1 };
const plain = { ownerStopped: 0, unevacuable: 0, antiAffinityGroups: 0, brake };
const RACK = rackId('rack-1');

const hostsOf = (row: Row, world: World): readonly HostId[] => {
  if (row.scope === 'the monitor itself') return [];
  if (row.scope === 'all hosts') return [...world.hosts.keys()];
  return row.scope === 'one rack' ? world.hostsOfRack(RACK) : world.hostsOfRack(RACK).slice(0, 1);
};

const strike = ({ scope, strike: s }: Row, { world, kill }: Stage, hosts: readonly HostId[]): void => {
  if (scope === 'the monitor itself') {
    if (s.management === 'down') for (const name of ['node-monitor-1', 'node-monitor-2']) world.cutObserver(name, true);
    if (s.power === 'off') kill('node-monitor-1');
    return;
  }
  for (const h of hosts) {
    if (s.management === 'down') world.cutManagement(h);
    if (s.production === 'down') world.cutProduction(h);
  }
  if (s.power === 'on') return;
  if (scope === 'one rack') world.failRack(RACK);
  else for (const h of hosts) world.powerOff(h, 'the plug is pulled');
};

/** One row of the matrix in the simulated region: what was told until everything is mended, and what is wrong with it. */
export async function verdictInSimulation(row: Row): Promise<{ readonly seen: Seen; readonly wrong: readonly string[] }> {
  let struck: readonly HostId[] = [];
  let from = 0;
  const report = await simulate({
    seed: 4,
    faults: noFaults,
    faultsMs: LAST_MS,
    region: plain,
    story: (stage) =>
      stage.at(STRUCK_AT_MS, () => {
        from = stage.world.now();
        struck = hostsOf(row, stage.world);
        strike(row, stage, struck);
      }),
  });
  const mendedAt = from - STRUCK_AT_MS + LAST_MS;
  const during = (e: LifeboatEvent) => e.time >= from && (e.time < mendedAt || e.type === 'lifeboat.incident.closed');
  const seen = { struck, events: report.events.filter(during) };
  return { seen, wrong: [...faultsOf(row.expected, seen), ...report.violations.map((v) => `${v.rule}: ${v.text}`)] };
}
