import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Topology } from '@lifeboat/contracts';
import { clusterId, hostId, rackId } from '@lifeboat/kernel';
import { distances, peersOf } from './peers.ts';

/** A cluster of racks of these sizes, and another cluster that must stay out of it. */
const region = (sizes: number[], peers?: number): Topology => {
  const at = (cluster: string, rack: number, n: number) => ({
    host: hostId(`${cluster}-r${rack}-h${n}`),
    cluster: clusterId(cluster),
    rack: rackId(`r${rack}`),
    managementAddress: `${cluster}.${rack}.${n}.m`,
    productionAddress: `${cluster}.${rack}.${n}.p`,
    fence: [],
  });
  return {
    region: 'x',
    clusters: [{ cluster: clusterId('web') }, { cluster: clusterId('db') }],
    racks: sizes.map((_, i) => ({ rack: rackId(`r${i}`) })),
    hosts: sizes.flatMap((size, rack) => Array.from({ length: size }, (_, n) => [at('web', rack, n), at('db', rack, n)]).flat()),
    ...(peers === undefined ? {} : { probes: { peers } }),
  };
};

describe('whom an agent watches', () => {
  for (const sizes of [[1], [2], [3], [5], [1, 1], [2, 1], [10, 10], [20, 3, 1], [4, 4, 4, 4], [10, 10, 10, 10, 10, 10]])
    for (const peers of [0, 1, 2, 4, 5, 16])
      it(`racks of ${sizes.join('+')}, ${peers} peers: all are watched by as many as they watch`, () => {
        const t = region(sizes, peers);
        const web = t.hosts.filter((h) => h.cluster === 'web');
        const watchers = new Map<string, number>();
        for (const { host } of web) {
          const mine = peersOf(t, host);
          assert.equal(mine.length, Math.min(peers, web.length - 1));
          assert.equal(new Set(mine.map((p) => p.host)).size, mine.length, 'no peer twice');
          for (const p of mine) {
            assert.notEqual(p.host, host);
            assert.match(p.host, /^web-/, 'the own VLAN only');
            watchers.set(p.host, (watchers.get(p.host) ?? 0) + 1);
          }
        }
        for (const { host } of web) assert.equal(watchers.get(host) ?? 0, Math.min(peers, web.length - 1), host);
      });

  it('has each host of a rack watched from other racks, and most from their own too', () => {
    const t = region([10, 10, 10]);
    const web = t.hosts.filter((h) => h.cluster === 'web');
    const rackOf = new Map(t.hosts.map((h) => [h.host, h.rack]));
    for (const h of web)
      assert.ok(
        web.some((w) => w.rack !== h.rack && peersOf(t, w.host).some((p) => p.host === h.host)),
        h.host,
      );
    const inside = web.filter((w) => peersOf(t, w.host).some((p) => rackOf.get(p.host) === w.rack)).length;
    assert.ok(inside >= 27, String(inside));
  });

  it('watches nobody without an own production address, or when it is not in the topology', () => {
    const t = region([3]);
    assert.deepEqual(peersOf(t, hostId('stranger')), []);
    const [first, ...others] = t.hosts;
    assert.ok(first);
    const { productionAddress: _, ...bare } = first;
    assert.deepEqual(peersOf({ ...t, hosts: [bare, ...others] }, first.host), []);
  });

  it('spreads the distances', () => assert.deepEqual(distances(40, 4), [1, 10, 20, 30]));
});
