import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Registration } from '@lifeboat/contracts';
import { type HostId, hostId, instant, vmId } from '@lifeboat/kernel';
import { eventually, refusedAs, taken, uniqueName, within } from './contract-tools.ts';
import { NEWS_MS, observe, type RegistryHarness, type RegistryMember, registration } from './registry.contract-tools.ts';
import { leaseFaultTests, leaseTests } from './registry.leases.contract.ts';
import { memberTests } from './registry.members.contract.ts';
import type { AgentSession, Registered } from './registry.ts';

export type { RegistryHarness, RegistryMember } from './registry.contract-tools.ts';

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
    describe('members of a group', () => memberTests(test));
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
  test('shows only the hosts that concern it', async (h) => {
    const [a, b] = names();
    const [agentA, agentB, watcher] = [await h.member(), await h.member(), await h.member()];
    await join(agentA, registration(a));
    const seen = await observe(watcher.registry, (host) => host === b);
    await join(agentB, registration(b));
    await eventually('b appears', () => seen.now.has(b), NEWS_MS);
    await agentA.registry.close();
    await agentB.registry.close();
    await eventually('b is gone', () => !seen.now.has(b), NEWS_MS);
    assert.ok(seen.views.every((v) => !v.has(a)) && seen.changes.every(([host]) => host === b), 'and nothing about a');
  });
  test('tells together who went together, and how many all were and are, also to those whom they do not concern', async (h) => {
    const hosts = [...names(), ...names()];
    const [agents, stays, watcher] = [await h.member(), await h.member(), await h.member()];
    const [staying] = names();
    await join(stays, registration(staying));
    for (const host of hosts) await join(agents, registration(host));
    const all = await observe(watcher.registry);
    const one = await observe(watcher.registry, (host) => host === staying);
    await agents.registry.close();
    await eventually('all are gone', () => hosts.every((host) => !all.now.has(host)), NEWS_MS);
    const told = all.losses.filter((l) => l.hosts.some((host) => hosts.includes(host)));
    assert.deepEqual(told.flatMap((l) => l.hosts).sort(), [...hosts].sort());
    const fell = (losses: typeof all.losses) => losses.reduce((n, l) => n + l.region.before - l.region.now, 0);
    assert.ok(fell(all.losses) >= hosts.length && all.losses.every((l) => l.region.before > l.region.now), 'of how many');
    await eventually('the other hears of it', () => fell(one.losses) >= hosts.length, NEWS_MS);
    assert.ok(one.losses.every((l) => l.hosts.length === 0) && one.now.has(staying));
  });
  test('settles when all that changed before has been told, and not while it is cut off', async (h) => {
    const [a, b] = names();
    const [agent, watcher] = [await h.member(), await h.member()];
    const session = await join(agent, registration(a));
    const seen = await observe(watcher.registry);
    for (let i = 0; i < 5; i++) {
      taken(await session.update(registration(a, { startedAt: instant(100 + i) })));
      assert.equal(await within('settles', NEWS_MS, seen.watch.settle()), true);
      assert.equal(seen.registrationOf(a)?.startedAt, 100 + i);
    }
    await session.leave();
    await join(agent, registration(b));
    assert.equal(await within('settles', NEWS_MS, seen.watch.settle()), true);
    assert.deepEqual([seen.now.has(a), seen.now.has(b)], [false, true]);
    await watcher.cut();
    assert.equal(await within('does not settle', 4 * h.sessionTimeoutMs + 5_000, seen.watch.settle()), false);
    await watcher.heal();
    await eventually('settles again', async () => await seen.watch.settle(), 20_000);
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
  test('an agent of a later version is none: what it says more is dropped', async (h) => {
    const [a] = names();
    const [agent, watcher] = [await h.member(), await h.member()];
    const seen = await observe(watcher.registry);
    const vms = [{ vm: vmId('00000000-0000-4000-8000-000000000001'), state: 'running', since: 1 }];
    const plain = { ...registration(a), vms };
    await agent.plant(a, JSON.stringify({ ...plain, vms: vms.map((v) => ({ ...v, uptime: 7 })), kernel: '7.1' }));
    await eventually('it is shown', () => seen.now.has(a), NEWS_MS);
    const entry = seen.now.get(a);
    assert.deepEqual(entry?.kind === 'host' ? entry.registration : entry, plain);
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
    const observer = { onView: () => undefined, onHost: () => undefined, onGone: () => undefined };
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
