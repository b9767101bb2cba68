import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBus, MemoryRegistryCore, MemoryStateStore, VirtualClock } from '@lifeboat/adapters-memory';
import { decode, type Registration } from '@lifeboat/contracts';
import { hostId, instant } from '@lifeboat/kernel';
import { Shell } from '@lifeboat/runtime';
import { agentWatcher } from './service.ts';
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
  const watcher = (instance: string) => {
    const registry = core.client(instance);
    const stop = new AbortController();
    const definition = agentWatcher({ graceMs: 4_000 });
    const shell = new Shell(
      definition,
      agentWatcherWorld({ registry, clock }),
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
  return { clock, core, watcher, agent, told, bus, troubles };
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
