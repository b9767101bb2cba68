import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Registration } from '@lifeboat/contracts';
import { epoch, type HostId, hostId, instant } from '@lifeboat/kernel';
import { eventually, refusedAs, taken, uniqueName, within } from './contract-tools.ts';
import { NEWS_MS, observe, registration } from './registry.contract-tools.ts';
import type { AgentSession, Lease, Registered, Registry } from './registry.ts';

/** One process with its link to the registry, and what may happen to it. */
export interface RegistryMember {
  readonly registry: Registry;
  /** Packets are lost both ways, nothing is closed. */
  cut(): Promise<void>;
  heal(): Promise<void>;
  /** The process dies. */
  kill(): Promise<void>;
  /** Lays any text under a host's name, as a faulty agent might. */
  plant(host: HostId, raw: string): Promise<void>;
}
export interface RegistryHarness {
  readonly sessionTimeoutMs: number;
  member(): Promise<RegistryMember>;
  close(): Promise<void>;
}

type Test = (what: string, body: (h: RegistryHarness) => Promise<void>) => void;
const LIMIT = { timeout: 120_000 };

export function registryContract(adapter: string, open: () => Promise<RegistryHarness>) {
  const test: Test = (what, body) =>
    it(what, LIMIT, async () => {
      const h = await open();
      try {
        await body(h);
      } finally {
        await h.close();
      }
    });
  describe(`Registry: ${adapter}`, () => {
    describe('registering and watching', () => watchTests(test));
    describe('what is not a registration', () => malformedTests(test));
    describe('sessions', () => sessionTests(test));
    describe('leadership', () => leaseTests(test));
    describe('leadership under faults', () => leaseFaultTests(test));
  });
}

/** Two hosts in the names of each test: a server may be shared. */
const names = () => [hostId(uniqueName('h')), hostId(uniqueName('h'))] as const;
const join = async (m: RegistryMember, r: Registration): Promise<AgentSession> => taken(await m.registry.join(r));

function watchTests(test: Test) {
  test('shows at the start what is there, then what changes', async (h) => {
    const [a, b] = names();
    const [agentA, agentB, watcher] = [await h.member(), await h.member(), await h.member()];
    const sessionA = await join(agentA, registration(a));
    const seen = await observe(watcher.registry);
    assert.deepEqual(seen.views[0]?.get(a), { kind: 'host', session: sessionA.id, registration: registration(a) });
    const sessionB = await join(agentB, registration(b));
    await eventually('b appears', () => seen.registrationOf(b) !== null, NEWS_MS);
    assert.notEqual(sessionA.id, sessionB.id);
    const vms = [{ vm: '00000000-0000-4000-8000-000000000001', state: 'running', since: instant(5) }] as unknown as Registration['vms'];
    taken(await sessionB.update(registration(b, { vms })));
    await eventually('its VM appears', () => seen.registrationOf(b)?.vms.length === 1, NEWS_MS);
    assert.deepEqual(seen.registrationOf(b), registration(b, { vms }));
    assert.equal(seen.views.length, 1, 'no gap, no second view');
  });
  test('shows the last of many quick updates', async (h) => {
    const [a] = names();
    const [agent, watcher] = [await h.member(), await h.member()];
    const session = await join(agent, registration(a));
    const seen = await observe(watcher.registry);
    await Promise.all(Array.from({ length: 30 }, (_, i) => session.update(registration(a, { startedAt: instant(i) }))));
    await eventually('the last', () => seen.registrationOf(a)?.startedAt === 29, NEWS_MS);
  });
  test('leaving removes the entry at once, and the session is over', async (h) => {
    const [a] = names();
    const [agent, watcher] = [await h.member(), await h.member()];
    const session = await join(agent, registration(a));
    const seen = await observe(watcher.registry);
    const left = performance.now();
    await session.leave();
    await eventually('a is gone', () => !seen.now.has(a), NEWS_MS);
    assert.ok(performance.now() - left < h.sessionTimeoutMs / 2, 'before any timeout');
    assert.equal(typeof (await within('over', NEWS_MS, session.over)), 'string');
    await join(agent, registration(a));
    await eventually('a is back', () => seen.now.has(a), NEWS_MS);
  });
  test('a closed client is gone at once', async (h) => {
    const [a] = names();
    const [agent, watcher] = [await h.member(), await h.member()];
    const session = await join(agent, registration(a));
    const seen = await observe(watcher.registry);
    const closed = performance.now();
    await agent.registry.close();
    await eventually('a is gone', () => !seen.now.has(a), NEWS_MS);
    assert.ok(performance.now() - closed < h.sessionTimeoutMs / 2, 'before any timeout');
    assert.equal(typeof (await within('over', NEWS_MS, session.over)), 'string');
    assert.equal(agent.registry.connected(), false);
  });
  test('says nothing more once the watch is closed', async (h) => {
    const [a] = names();
    const [agent, watcher] = [await h.member(), await h.member()];
    const seen = await observe(watcher.registry);
    await seen.watch.close();
    await join(agent, registration(a));
    await sleep(300);
    assert.equal(seen.now.has(a), false);
  });
}

function malformedTests(test: Test) {
  const shown = async (h: RegistryHarness, raw: (host: HostId) => string) => {
    const [a] = names();
    const [agent, watcher] = [await h.member(), await h.member()];
    const seen = await observe(watcher.registry);
    const text = raw(a);
    await agent.plant(a, text);
    await eventually('it is shown', () => seen.now.has(a), NEWS_MS);
    const entry = seen.now.get(a) as Registered;
    assert.equal(entry.kind, 'malformed');
    if (entry.kind === 'malformed') assert.equal(entry.raw, text);
    return entry.kind === 'malformed' ? entry.reason : '';
  };
  test('not JSON', async (h) => assert.match(await shown(h, () => 'no json {'), /JSON/));
  test('nothing at all', async (h) => assert.match(await shown(h, () => ''), /JSON/));
  test('a field missing', async (h) => {
    const reason = await shown(h, (a) => JSON.stringify({ ...registration(a), bootId: undefined }));
    assert.match(reason, /bootId/);
  });
  test('a field of the wrong kind', async (h) => {
    const reason = await shown(h, (a) => JSON.stringify({ ...registration(a), vmsKnown: 'yes' }));
    assert.match(reason, /vmsKnown/);
  });
  test("another host's registration", async (h) => {
    const reason = await shown(h, () => JSON.stringify(registration(hostId('somebody-else'))));
    assert.match(reason, /somebody-else/);
  });
}

function sessionTests(test: Test) {
  test("a dead agent's entry stays for most of the timeout, then goes", async (h) => {
    const [a] = names();
    const [agent, watcher] = [await h.member(), await h.member()];
    await join(agent, registration(a));
    const seen = await observe(watcher.registry);
    await agent.kill();
    const killed = performance.now();
    await eventually('a is gone', () => !seen.now.has(a), 2 * h.sessionTimeoutMs + NEWS_MS);
    const lasted = performance.now() - killed;
    assert.ok(lasted > h.sessionTimeoutMs * 0.4, `gone after ${lasted} ms already`);
  });
  test('a name is taken while another boot of the host is registered, and free afterwards', async (h) => {
    const [a] = names();
    const [first, second] = [await h.member(), await h.member()];
    const session = await join(first, registration(a));
    refusedAs(await second.registry.join(registration(a, { bootId: 'another' })), 'REGISTRY_TAKEN');
    await session.leave();
    await join(second, registration(a, { bootId: 'another' }));
  });
  test('a restarted agent of the same boot takes its place over at once', async (h) => {
    const [a] = names();
    const [first, second, watcher] = [await h.member(), await h.member(), await h.member()];
    const former = await join(first, registration(a));
    const seen = await observe(watcher.registry);
    const began = performance.now();
    const session = await join(second, registration(a, { startedAt: instant(2) }));
    assert.ok(performance.now() - began < h.sessionTimeoutMs / 2);
    await eventually('the new one is shown', () => seen.now.get(a)?.session === session.id, NEWS_MS);
    assert.equal(typeof (await within('the former is told', NEWS_MS, former.over)), 'string');
    refusedAs(await former.update(registration(a)), 'REGISTRY_UNREACHABLE');
    await sleep(h.sessionTimeoutMs / 4);
    assert.equal(seen.registrationOf(a)?.startedAt, 2);
  });
  test('cut for longer than the timeout: the entry goes; healed, the session is over and may be joined anew', async (h) => {
    const [a] = names();
    const [agent, watcher] = [await h.member(), await h.member()];
    const session = await join(agent, registration(a));
    const seen = await observe(watcher.registry);
    await agent.cut();
    await eventually('a is gone', () => !seen.now.has(a), 2 * h.sessionTimeoutMs + NEWS_MS);
    await eventually('connected() is false', () => !agent.registry.connected(), NEWS_MS);
    refusedAs(await within('join while cut', 10_000, agent.registry.join(registration(a))), 'REGISTRY_UNREACHABLE');
    refusedAs(await within('update while cut', 10_000, session.update(registration(a))), 'REGISTRY_UNREACHABLE');
    const observer = { onView: () => undefined, onHost: () => undefined };
    refusedAs(await within('watch while cut', 10_000, agent.registry.watch(observer)), 'REGISTRY_UNREACHABLE');
    await agent.heal();
    assert.equal(typeof (await within('over', 20_000, session.over)), 'string');
    await eventually('joined again', async () => (await agent.registry.join(registration(a))).ok, 20_000);
    await eventually('a is back', () => seen.now.has(a), NEWS_MS);
    assert.equal(agent.registry.connected(), true);
  });
  test('cut for a moment: the session lives on', async (h) => {
    const [a] = names();
    const [agent, watcher] = [await h.member(), await h.member()];
    const session = await join(agent, registration(a));
    const seen = await observe(watcher.registry);
    await agent.cut();
    await sleep(h.sessionTimeoutMs * 0.2);
    await agent.heal();
    await eventually('an update gets through', async () => (await session.update(registration(a, { startedAt: instant(3) }))).ok, 20_000);
    await eventually('it is seen', () => seen.registrationOf(a)?.startedAt === 3, NEWS_MS);
    assert.equal(seen.now.get(a)?.session, session.id);
    assert.ok(!seen.changes.some(([, entry]) => entry === null));
  });
  test('after a gap the watcher is shown everything again', async (h) => {
    const [a, b] = names();
    const [agent, watcher] = [await h.member(), await h.member()];
    const session = await join(agent, registration(a));
    const seen = await observe(watcher.registry);
    await watcher.cut();
    await session.leave();
    await join(agent, registration(b));
    await sleep(h.sessionTimeoutMs * 2);
    await watcher.heal();
    await eventually('a second view', () => seen.views.length >= 2, 20_000);
    await eventually('what is', () => !seen.now.has(a) && seen.now.has(b), NEWS_MS);
    taken(await (await join(agent, registration(a))).update(registration(a, { startedAt: instant(7) })));
    await eventually('changes are seen again', () => seen.registrationOf(a)?.startedAt === 7, NEWS_MS);
  });
}

const election = () => uniqueName('election');
const forever = new AbortController().signal;
const leads = async (m: RegistryMember, name: string, withinMs = NEWS_MS): Promise<Lease> => {
  const lease = await within('leadership', withinMs, m.registry.campaign(name, 'candidate', { signal: forever }));
  assert.ok(lease !== null);
  assert.equal(lease.valid(), true);
  assert.equal(lease.lost.aborted, false);
  return lease;
};

function leaseTests(test: Test) {
  test('one leads, the other waits; released, the other leads under a larger epoch', async (h) => {
    const name = election();
    const [a, b] = [await h.member(), await h.member()];
    const first = await leads(a, name);
    let second: Lease | null = null;
    const waiting = b.registry.campaign(name, 'b', { signal: forever }).then((l) => {
      second = l;
      return l;
    });
    await sleep(h.sessionTimeoutMs * 1.5);
    assert.equal(second, null, 'waits while the first is alive');
    assert.equal(first.valid(), true, 'and stays valid by its heartbeats');
    await first.release();
    assert.equal(first.valid(), false);
    assert.equal(first.lost.aborted, true);
    const next = await within('the second leads', h.sessionTimeoutMs, waiting);
    assert.ok(next !== null && next.epoch > first.epoch);
    await next.release();
    assert.ok((await leads(a, name)).epoch > next.epoch, 'the first may come again');
  });
  test('elections do not touch each other', async (h) => {
    const a = await h.member();
    const [x, y] = [await leads(a, election()), await leads(a, election())];
    await x.release();
    assert.equal(y.valid(), true);
  });
  test('a candidate may give up', async (h) => {
    const name = election();
    const [a, b, c] = [await h.member(), await h.member(), await h.member()];
    const first = await leads(a, name);
    const stop = new AbortController();
    const waiting = b.registry.campaign(name, 'b', { signal: stop.signal });
    const third = c.registry.campaign(name, 'c', { signal: forever });
    await sleep(100);
    stop.abort();
    assert.equal(await within('null', NEWS_MS, waiting), null);
    await first.release();
    const next = await within('the next in line leads', h.sessionTimeoutMs, third);
    assert.ok(next?.valid());
    assert.equal(await b.registry.campaign(name, 'b', { signal: AbortSignal.abort() }), null);
  });
  test('an epoch is larger than what a gate was seen to hold', async (h) => {
    const name = election();
    const a = await h.member();
    const lease = await a.registry.campaign(name, 'a', { signal: forever, atLeast: epoch(41_000) });
    assert.ok(lease !== null && lease.epoch > 41_000);
    await lease.release();
    assert.ok((await leads(a, name)).epoch > lease.epoch);
  });
  test('closing hands over at once', async (h) => {
    const name = election();
    const [a, b] = [await h.member(), await h.member()];
    const first = await leads(a, name);
    const waiting = leads(b, name, NEWS_MS + h.sessionTimeoutMs);
    await sleep(100);
    const closed = performance.now();
    await a.registry.close();
    assert.equal(first.valid(), false);
    assert.equal(first.lost.aborted, true);
    assert.ok((await waiting).epoch > first.epoch);
    assert.ok(performance.now() - closed < h.sessionTimeoutMs);
  });
}

function leaseFaultTests(test: Test) {
  test('a dead leader is followed by another', async (h) => {
    const name = election();
    const [a, b] = [await h.member(), await h.member()];
    const first = await leads(a, name);
    const waiting = leads(b, name, 2 * h.sessionTimeoutMs + NEWS_MS);
    await sleep(100);
    await a.kill();
    assert.ok((await waiting).epoch > first.epoch);
  });
  test('a leader that is cut off knows it before anybody else can lead', async (h) => {
    const name = election();
    const [a, b] = [await h.member(), await h.member()];
    const first = await leads(a, name);
    let lostAt = Number.POSITIVE_INFINITY;
    first.lost.addEventListener('abort', () => {
      lostAt = performance.now();
    });
    let invalidAt = Number.POSITIVE_INFINITY;
    const look = setInterval(() => {
      if (!first.valid()) invalidAt = Math.min(invalidAt, performance.now());
    }, 5);
    try {
      const waiting = leads(b, name, 2 * h.sessionTimeoutMs + NEWS_MS).then((lease) => ({
        lease,
        at: performance.now(),
        firstValid: first.valid(),
      }));
      await sleep(100);
      await a.cut();
      const second = await waiting;
      assert.equal(second.firstValid, false);
      assert.ok(invalidAt < second.at, `invalid at ${invalidAt}, followed at ${second.at}`);
      assert.ok(lostAt < second.at, `lost at ${lostAt}, followed at ${second.at}`);
      assert.ok(second.lease.epoch > first.epoch);
      await a.heal();
      await sleep(h.sessionTimeoutMs);
      assert.equal(first.valid(), false, 'what is lost stays lost');
      assert.equal(second.lease.valid(), true);
      const again = a.registry.campaign(name, 'a', { signal: forever });
      await sleep(200);
      await second.lease.release();
      const third = await within('it may lead again', 20_000, again);
      assert.ok(third !== null && third.epoch > second.lease.epoch && third.valid());
    } finally {
      clearInterval(look);
    }
  });
  test('a candidate that was cut off for long leads later all the same', async (h) => {
    const name = election();
    const [a, b] = [await h.member(), await h.member()];
    const first = await leads(a, name);
    const waiting = b.registry.campaign(name, 'b', { signal: forever });
    await sleep(100);
    await b.cut();
    await sleep(h.sessionTimeoutMs * 2);
    await b.heal();
    await eventually('b is back', () => b.registry.connected(), 20_000);
    await first.release();
    const second = await within('b leads', 20_000, waiting);
    assert.ok(second !== null && second.epoch > first.epoch && second.valid());
  });
  test('a campaign may be given up while cut off', async (h) => {
    const a = await h.member();
    await a.cut();
    const stop = new AbortController();
    const waiting = a.registry.campaign(election(), 'a', { signal: stop.signal });
    await sleep(100);
    stop.abort();
    assert.equal(await within('null', NEWS_MS + h.sessionTimeoutMs, waiting), null);
  });
}
