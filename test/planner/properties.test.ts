import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FleetHost } from '@lifeboat/contracts';
import { type HostId, hostId, rackId } from '@lifeboat/kernel';
import { type PlanRequest, plan } from '@lifeboat/planner';
import fc from 'fast-check';
import { dice, randomRequest } from './instances.ts';

const seed = fc.integer({ min: 0, max: 1_000_000 });
/** The same instances each time: a test that fails one day in ten says nothing. `plan-safety --full` looks further. */
const runs = { numRuns: 150, seed: 1 };
const shuffled = <T>(list: readonly T[], salt: number): T[] => {
  const d = dice(salt);
  return list
    .map((x) => ({ x, at: d.below(1_000_000) }))
    .sort((a, b) => a.at - b.at)
    .map((y) => y.x);
};

/** Placed per priority, most urgent first. */
const placed = (q: PlanRequest): number[] => {
  const p = plan(q);
  return [...new Set(q.fleet.vms.map((v) => v.priority))]
    .sort((a, b) => a - b)
    .map((x) => p.placements.filter((y) => y.priority === x).length);
};
const renamed = (q: PlanRequest, name: (h: HostId) => HostId): PlanRequest => ({
  ...q,
  fleet: {
    ...q.fleet,
    hosts: q.fleet.hosts.map((h) => ({ ...h, host: name(h.host) })),
    vms: q.fleet.vms.map((v) => ({ ...v, host: name(v.host) })),
  },
  failedHosts: q.failedHosts.map(name),
  ...(q.exclude ? { exclude: q.exclude.map(name) } : {}),
  ...(q.inFlight ? { inFlight: new Map([...q.inFlight].map(([h, r]) => [name(h), r])) } : {}),
  ...(q.arriving ? { arriving: new Map([...q.arriving].map(([v, h]) => [v, name(h)])) } : {}),
});

describe('properties', () => {
  it('adding an empty host never places fewer', () => {
    fc.assert(
      fc.property(seed, fc.nat(), (s, n) => {
        const q = randomRequest(s);
        const like = q.fleet.hosts[n % q.fleet.hosts.length] as FleetHost;
        const more: FleetHost = {
          ...like,
          host: hostId('added'),
          rack: rackId('added'),
          usable: true,
          used: { vcpus: 0, memoryMb: 0, diskGb: 0 },
        };
        const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
        const [before, after] = [placed(q), placed({ ...q, fleet: { ...q.fleet, hosts: [...q.fleet.hosts, more] } })];
        const first = before.findIndex((x, i) => x !== after[i]);
        assert.ok(
          first < 0 || (after[first] as number) > (before[first] as number) || sum(after) >= sum(before),
          `${before} then ${after}`,
        );
      }),
      runs,
    );
  });

  it('renaming hosts changes nothing but names', () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: 1, max: 1000 }), (s, salt) => {
        const q = randomRequest(s);
        const names = new Map<string, HostId>();
        const name = (h: HostId) => {
          const known = names.get(h) ?? hostId(`n${(names.size * 7919 * salt) % 100_003}`);
          names.set(h, known);
          return known;
        };
        const other = renamed(q, name);
        const told = plan(q);
        const back = new Map([...names].map(([a, b]) => [b as string, a]));
        const unname = (h: HostId) => hostId(back.get(h) ?? h);
        const again = plan(other);
        const plain = (p: ReturnType<typeof plan>, f: (h: HostId) => HostId) =>
          p.placements.map((x) => [x.vm, f(x.from), f(x.to), ...x.alternates.map(f)]);
        assert.deepEqual(
          plain(again, unname),
          plain(told, (h) => h),
        );
        assert.deepEqual(again.certificate, told.certificate);
      }),
      runs,
    );
  });

  it('the same input gives the same plan, byte for byte, in whatever order VMs and groups are told', () => {
    fc.assert(
      fc.property(seed, fc.nat(), (s, salt) => {
        const q = randomRequest(s);
        const told = JSON.stringify(plan(q));
        assert.equal(JSON.stringify(plan(structuredClone(q))), told);
        const { hosts, vms, groups } = q.fleet;
        const other = { ...q, fleet: { hosts, vms: shuffled(vms, salt), groups: shuffled(groups, salt) } };
        assert.equal(JSON.stringify(plan(other)), told);
      }),
      // 173 and 880457: two sizes alike, told apart by their traits only
      {
        ...runs,
        examples: [
          [173, 1],
          [880457, 0],
        ],
      },
    );
  });
});
