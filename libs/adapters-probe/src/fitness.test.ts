import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultGateway, linkTrouble, neighbourTrouble, readNeighbours } from './fitness.ts';
import { perTryMs, readAlive } from './fping.ts';

const stat = `entries  allocs   destroys hash_grows lookups  hits     res_failed rcv_probes_mcast rcv_probes_ucast periodic_gc_runs forced_gc_runs unresolved_discards table_fulls
00000400 00000000 00000000 00000000   00000004 00000000 00000000   00000000         00000000         0000008f         00000000       00000000            00000002
00000400 00000002 00000000 00000000   00000003 00000002 00000000   00000000         00000000         00000000         00000000       00000000            0000000a
`;

describe('an observer looks at itself', () => {
  it('reads the neighbour table', () => assert.deepEqual(readNeighbours(stat), { entries: 1024, overflows: 12 }));
  const now = { entries: 1024, overflows: 12 };
  it('does not judge with a full neighbour table', () => {
    assert.match(neighbourTrouble(null, now, 1024) ?? '', /nearly full \(1024 of 1024\); raise net\.ipv4\.neigh/);
    assert.match(neighbourTrouble({ entries: 3, overflows: 11 }, now, 8192) ?? '', /overflowed/);
  });
  it('judges with room in it, with old overflows, and where the kernel tells no limit', () => {
    for (const [before, most] of [
      [null, 8192],
      [now, 8192],
      [null, null],
    ] as const)
      assert.equal(neighbourTrouble(before, now, most), null);
    assert.equal(neighbourTrouble(now, null, 1024), null);
  });
  it('knows its gateway', () => {
    const route = 'Iface\tDestination\tGateway \tFlags\neth0\t000200C0\t00000000\t0001\neth0\t00000000\t010200C0\t0003\n';
    assert.equal(defaultGateway(route), '192.0.2.1');
    assert.equal(defaultGateway('Iface\tDestination\tGateway\n'), null);
  });
  it('knows its links', () => {
    assert.equal(linkTrouble('eno1', '1\n', 'up\n'), null);
    assert.match(linkTrouble('eno1', '0\n', 'down\n') ?? '', /eno1 has no carrier \(down\)/);
    assert.match(linkTrouble('eno1', null, null) ?? '', /no network link eno1/);
  });
});

describe('fping', () => {
  it('is read by its lines of the living', () =>
    assert.deepEqual(
      [...readAlive('10.0.0.1 (0.05 ms)\nICMP Host Unreachable from 10.0.0.9\n10.0.0.2 (12.3 ms)\n')],
      [
        ['10.0.0.1', '0.05 ms'],
        ['10.0.0.2', '12.3 ms'],
      ],
    ));
  it('gives each of two tries what is left when all packets are out, and keeps the limit', () => {
    assert.equal(perTryMs(1_000, 800), 360);
    for (const count of [1, 100, 5_000, 10_000]) assert.ok(2 * (perTryMs(count, 1_000) + 0.04 * count) <= 1_000, String(count));
  });
});
