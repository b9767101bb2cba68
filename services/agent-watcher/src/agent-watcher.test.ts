import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBus, MemoryRegistryCore, MemoryStateStore, VirtualClock } from '@lifeboat/adapters-memory';
import { decode, type Registration } from '@lifeboat/contracts';
import { hostId, instant } from '@lifeboat/kernel';
import type { Clock } from '@lifeboat/ports';
import { Band, ownerOf, Shell } from '@lifeboat/runtime';
import { watcherSettings } from './decide/decide.ts';
import { agentWatcher, concerns } from './service.ts';
import { agentWatcherWorld } from './world.ts';

const registration = (host: string): Registration => ({
  host: hostId(host),
  bootId: `${host}-boot`,
  agentVersion: '0.1.0',
  startedAt: instant(0),
  leaving: false,
  vmsKnown: true,
  vms: [],
  peers: [],
});

/** A region of agents without their hosts, and watchers that can be killed. */
function region() {
  const clock = new VirtualClock(instant(1_000_000));
  const core = new MemoryRegistryCore(clock, { sessionTimeoutMs: 4_000 });
  const bus = new MemoryBus(clock);
  const store = new MemoryStateStore(clock);
  const troubles: string[] = [];
  const watcher = (instance: string, own: Clock = clock) => {
    const registry = core.client(instance);
    const stop = new AbortController();
    const definition = agentWatcher(watcherSettings(4_000));
    const shell = new Shell(
      definition,
      agentWatcherWorld({ registry, clock: own, sessionMs: 4_000 }),
      { bus: bus.client(), store, registry, clock, instance },
      { trouble: (t) => troubles.push(t) },
    );
    const ended = shell.run(stop.signal);
    return {
      registry,
      async stop() {
        stop.abort();
        await clock.runFor(200);
        await ended;
        await registry.close();
      },
    };
  };
  const sharing = (instance: string, shards: number) => {
    const registry = core.client(instance);
    const world = (shard: number) => agentWatcherWorld({ registry, clock, sessionMs: 4_000, concerns: concerns(shard, shards) });
    const ports = { bus: bus.client(), store, registry, clock, instance };
    const band = new Band(agentWatcher(watcherSettings(4_000)), { count: shards, world }, ports, { trouble: (t) => troubles.push(t) });
    void band.run(new AbortController().signal);
    return { registry, band };
  };
  const agent = async (host: string) => {
    const client = core.client(host);
    const joined = await client.join(registration(host));
    assert.ok(joined.ok);
    return client;
  };
  const told = () =>
    bus.records('lifeboat.agents').map((r) => {
      const d = decode(r);
      assert.ok(d.ok);
      return `${d.event.type.replace('lifeboat.agent.', '')} ${(d.event.data as { host: string }).host}`;
    });
  return { clock, core, watcher, sharing, agent, told, bus, troubles };
}

describe('agent-watcher in its shell', () => {
  it('tells of agents that come and go', async () => {
    const r = region();
    const w = r.watcher('w1');
    const a = await r.agent('h1');
    await r.clock.runFor(6_000);
    assert.deepEqual(r.told(), ['registered h1']);
    a.kill();
    await r.clock.runFor(4_500);
    assert.deepEqual(r.told(), ['registered h1', 'lost h1']);
    await w.stop();
    assert.deepEqual(r.troubles, []);
  });

  it('takes nobody for lost who registers while it is still telling of those it found at its start', async () => {
    const r = region();
    const found = Array.from({ length: 60 }, (_, i) => `found-${i}`);
    const coming = Array.from({ length: 60 }, (_, i) => `coming-${i}`);
    for (const host of found) await r.agent(host);
    r.watcher('w1');
    for (const host of coming) {
      await r.clock.runFor(2);
      await r.agent(host);
    }
    await r.clock.runFor(20_000);
    assert.deepEqual(r.told().toSorted(), [...found, ...coming].map((host) => `registered ${host}`).toSorted());
  });

  it('misses nothing that happened while nobody watched, and tells nothing twice', async () => {
    const r = region();
    const first = r.watcher('w1');
    const a = await r.agent('h1');
    await r.agent('h2');
    await r.clock.runFor(6_000);
    await first.stop();
    a.kill();
    await r.agent('h3');
    await r.clock.runFor(6_000);
    const second = r.watcher('w2');
    await r.clock.runFor(1_000);
    assert.deepEqual(r.told().sort(), ['registered h1', 'registered h2', 'registered h3']);
    await r.clock.runFor(5_000);
    assert.deepEqual(r.told().sort(), ['lost h1', 'registered h1', 'registered h2', 'registered h3']);
    await second.stop();
  });

  it('takes no restart of the registry for a loss, and finds who did not come back', async () => {
    const r = region();
    const w = r.watcher('w1');
    const agents = await Promise.all(['h1', 'h2', 'h3'].map((h) => r.agent(h)));
    await r.clock.runFor(6_000);
    r.core.down();
    await r.clock.runFor(30_000);
    agents[0]?.kill();
    r.core.back();
    await r.clock.runFor(3_000);
    assert.equal(r.told().filter((t) => t.startsWith('lost')).length, 0);
    await r.clock.runFor(10_000);
    assert.deepEqual(
      r.told().filter((t) => t.startsWith('lost')),
      ['lost h1'],
    );
    await w.stop();
  });

  it('a watcher that stood still tells nobody lost before it has watched for a session timeout', async () => {
    const r = region();
    let stoodStillMs = 0;
    const clock: Clock = {
      now: () => r.clock.now(),
      monotonic: () => r.clock.monotonic() + stoodStillMs,
      sleep: (ms, signal) => r.clock.sleep(ms, signal),
    };
    const w = r.watcher('w1', clock);
    const [a] = [await r.agent('h1'), await r.agent('h2')];
    await r.clock.runFor(6_000);
    stoodStillMs = 3_000;
    r.core.expire(a);
    await r.clock.runFor(3_900);
    assert.deepEqual(r.told(), ['registered h1', 'registered h2']);
    await r.clock.runFor(2_000);
    assert.deepEqual(r.told().slice(2), ['lost h1']);
    await w.stop();
  });

  it('the registry goes away while it is doubted, and a new leader takes over: nobody is lost for the time that has passed', async () => {
    const r = region();
    const first = r.watcher('w1');
    const agents = await Promise.all(['h1', 'h2'].map((h) => r.agent(h)));
    await r.clock.runFor(6_000);
    // the registry loses both sessions, is away, and both are back when it is
    r.core.down();
    for (const a of agents) r.core.expire(a);
    r.core.back();
    await r.clock.runFor(500);
    r.core.down();
    await r.clock.runFor(60_000);
    await first.stop();
    r.core.back();
    await r.agent('h1');
    await r.agent('h2');
    const second = r.watcher('w2');
    await r.clock.runFor(20_000);
    assert.deepEqual(
      r.told().filter((t) => t.startsWith('lost')),
      [],
    );
    await second.stop();
  });

  it('dead-letters an entry that is no registration and goes on', async () => {
    const r = region();
    const w = r.watcher('w1');
    const a = await r.agent('h1');
    r.core.plant('h9', '{"host":', a);
    await r.clock.runFor(2_000);
    const letters = r.bus.records('lifeboat.dead-letters');
    assert.equal(letters.length, 1);
    assert.match(letters[0]?.value ?? '', /registry\/h9.*not JSON/);
    assert.deepEqual(r.told(), ['registered h1']);
    await w.stop();
  });
});

describe('agent-watchers that share the hosts', () => {
  const SHARDS = 8;
  const hosts = Array.from({ length: 40 }, (_, i) => `h${i}`);

  it('each hosts is told of once, whoever has it; parts move when a watcher comes, and only to it', async () => {
    const r = region();
    const one = r.sharing('w1', SHARDS);
    for (const h of hosts) await r.agent(h);
    await r.clock.runFor(6_000);
    assert.equal(one.band.mine.length, SHARDS);
    const two = r.sharing('w2', SHARDS);
    await r.clock.runFor(3_000);
    assert.deepEqual([...one.band.mine, ...two.band.mine].sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.ok(two.band.mine.length > 0 && one.band.mine.length > 0, 'both have some');
    await r.clock.runFor(10_000);
    assert.deepEqual(r.told().sort(), hosts.map((h) => `registered ${h}`).sort(), 'nothing twice, nothing lost');
  });

  it('one dies: its hosts go to the others, and what happened meanwhile is found', async () => {
    const r = region();
    const one = r.sharing('w1', SHARDS);
    const two = r.sharing('w2', SHARDS);
    const agents = new Map<string, Awaited<ReturnType<typeof r.agent>>>();
    for (const h of hosts) agents.set(h, await r.agent(h));
    await r.clock.runFor(10_000);
    const victims = hosts.filter((h) => two.band.mine.some((shard) => concerns(shard, SHARDS)(hostId(h)))).slice(0, 2);
    two.registry.kill();
    for (const v of victims) agents.get(v)?.kill();
    await r.clock.runFor(20_000);
    assert.equal(one.band.mine.length, SHARDS);
    assert.deepEqual(
      r
        .told()
        .filter((t) => t.startsWith('lost'))
        .sort(),
      victims.map((v) => `lost ${v}`).sort(),
    );
    assert.equal(r.told().filter((t) => t.startsWith('registered')).length, hosts.length);
  });

  it('the registry loses the sessions of half of a small region: nobody is told lost who comes back, whatever a part can see of it', async () => {
    const r = region();
    r.sharing('w1', SHARDS);
    r.sharing('w2', SHARDS);
    const agents = new Map<string, Awaited<ReturnType<typeof r.agent>>>();
    for (const h of hosts) agents.set(h, await r.agent(h));
    await r.clock.runFor(10_000);
    const half = hosts.slice(0, 20);
    for (const h of half) r.core.expire(agents.get(h) as Awaited<ReturnType<typeof r.agent>>);
    await r.clock.runFor(2_000);
    // all but one join again
    for (const h of half.slice(1)) await r.agent(h);
    await r.clock.runFor(1_500);
    const lost = () => r.told().filter((t) => t.startsWith('lost'));
    assert.deepEqual(lost(), []);
    await r.clock.runFor(5_000);
    assert.deepEqual(lost(), ['lost h0']);
  });

  it('whose part it is depends on the live members alone', () => {
    const owners = (members: string[]) => Array.from({ length: 100 }, (_, i) => ownerOf(`p${i}`, members));
    const [three, two] = [owners(['a', 'b', 'c']), owners(['c', 'a'])];
    assert.ok(
      three.every((o, i) => o === 'b' || o === two[i]),
      'only what the one who left had has moved',
    );
    assert.deepEqual(new Set(three), new Set(['a', 'b', 'c']));
    assert.equal(ownerOf('p', []), null);
  });
});
