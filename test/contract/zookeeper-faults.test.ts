import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { wallClock } from '@lifeboat/adapters-memory';
import { openZooKeeper } from '@lifeboat/adapters-zookeeper';
import type { Registration } from '@lifeboat/contracts';
import { type HostId, hostId, instant } from '@lifeboat/kernel';
import type { Registered } from '@lifeboat/ports';
import { eventually, taken, uniqueName, within } from '@lifeboat/ports/contract-tools';
import { startZooKeeper } from '../servers/index.ts';
import { rawClient } from './zookeeper-tools.ts';

const T = 2_000;
const FLEET = 2_000;
const LIMIT = { timeout: 120_000 };
const forever = new AbortController().signal;
const registration = (host: HostId): Registration => ({
  host,
  bootId: 'b',
  agentVersion: '1',
  startedAt: instant(1),
  leaving: false,
  vmsKnown: true,
  vms: [],
  peers: [],
});

describe('ZooKeeper itself fails', () => {
  let server: Awaited<ReturnType<typeof startZooKeeper>>;
  before(async () => {
    server = await startZooKeeper();
  });
  after(() => server.stop());
  const open = () => openZooKeeper({ connect: server.connect, sessionTimeoutMs: T, clock: wallClock() });

  const outage = (what: string, away: () => Promise<void>, back: () => Promise<void>, ms: number) =>
    it(what, LIMIT, async () => {
      const [agent, watcher, leader] = [open(), open(), open()];
      try {
        const host = hostId(uniqueName('h'));
        const election = uniqueName('e');
        const joined = taken(await agent.join(registration(host)));
        const now = new Map<HostId, Registered>();
        let views = 0;
        taken(
          await watcher.watch({
            onView: (present) => {
              views++;
              for (const h of [...now.keys()]) if (!present.includes(h)) now.delete(h);
            },
            onHost: (h, e) => void now.set(h, e),
            onGone: (hosts) => hosts.forEach((h) => void now.delete(h)),
          }),
        );
        const lease = await within('leads', 10_000, leader.campaign(election, 'a', { signal: forever }));
        assert.ok(lease);
        assert.ok(lease.valid() && now.has(host));
        await away();
        await sleep(T);
        assert.equal(lease.valid(), false, 'a lease ends without any answer');
        assert.equal(lease.lost.aborted, true);
        await sleep(ms - T);
        await back();
        await eventually('all are connected', () => agent.connected() && watcher.connected() && leader.connected(), 30_000);
        await eventually('a new view', () => views >= 2, 10_000);
        // the session may have outlived the outage, or not: an agent joins again when it is told that it is over
        const over = await Promise.race([joined.over, sleep(T).then(() => null)]);
        if (over !== null) taken(await agent.join(registration(host)));
        await eventually('the host is seen', () => now.has(host), 10_000);
        const again = await within('leads again', 20_000, leader.campaign(election, 'a', { signal: forever }));
        assert.ok(again?.valid() && again.epoch > lease.epoch);
        assert.equal(lease.valid(), false);
      } finally {
        await Promise.all([agent.close(), watcher.close(), leader.close()]);
      }
    });
  outage(
    'killed, and started again after three session timeouts',
    () => server.kill(),
    () => server.restart(),
    3 * T,
  );
  outage(
    'hanging for three session timeouts',
    () => server.pause(),
    () => server.resume(),
    3 * T,
  );

  it(`shows ${FLEET} hosts, and each change of them`, LIMIT, async (t) => {
    const root = `/${uniqueName('fleet')}`;
    const watcher = openZooKeeper({ connect: server.connect, sessionTimeoutMs: T, root, clock: wallClock() });
    const raw = await rawClient(server.connect);
    try {
      await eventually('connected', watcher.connected, 10_000);
      const hosts = Array.from({ length: FLEET }, (_, i) => hostId(`host-${i}.example`));
      const path = (host: HostId) => `${root}/hosts/${host}`;
      await Promise.all(hosts.slice(0, FLEET / 2).map((h) => raw.create(path(h), JSON.stringify(registration(h)), 'ephemeral')));
      let shown = 0;
      const now = new Map<HostId, Registered | null>();
      const began = performance.now();
      const observer = {
        onView: (present: readonly HostId[]) => {
          shown = present.length;
          now.clear();
        },
        onHost: (h: HostId, e: Registered) => void now.set(h, e),
        onGone: (gone: readonly HostId[]) => {
          for (const h of gone) now.set(h, null);
        },
      };
      taken(await watcher.watch(observer));
      const first = performance.now();
      assert.equal(shown, FLEET / 2);
      await Promise.all(hosts.slice(FLEET / 2).map((h) => raw.create(path(h), JSON.stringify(registration(h)), 'ephemeral')));
      await eventually('the other half', () => now.size === FLEET / 2, 20_000);
      const second = performance.now();
      const sets = await Promise.all(hosts.map((h) => raw.set(path(h), JSON.stringify({ ...registration(h), startedAt: 2 }))));
      assert.equal(sets.filter((a) => a?.rc === 0).length, FLEET);
      const changed = () =>
        hosts.every((h) => (now.get(h) as Extract<Registered, { kind: 'host' }> | undefined)?.registration.startedAt === 2);
      await eventually('every change', changed, 20_000);
      const third = performance.now();
      raw.close();
      await eventually('all gone', () => hosts.every((h) => now.get(h) === null), 20_000);
      const parts = [first - began, second - first, third - second, performance.now() - third].map((ms) => ms.toFixed(0));
      t.diagnostic(`first view of half ${parts[0]} ms, other half ${parts[1]} ms, all changed ${parts[2]} ms, all gone ${parts[3]} ms`);
    } finally {
      raw.close();
      await watcher.close();
    }
  });
});
