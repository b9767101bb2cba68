import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { wallClock } from '@lifeboat/adapters-memory';
import { hostId } from '@lifeboat/kernel';
import { eventually } from '@lifeboat/ports/contract-tools';
import { region, simulatedRegion } from '@lifeboat/world';
import { embeddedConsole } from './console.ts';
import { EmbeddedRegion } from './region.ts';

const SOON_MS = 30_000;
const policy = { automation: 'manual' } as const;
const plain = { ownerStopped: 0, unevacuable: 0, antiAffinityGroups: 0 };
const built = region({ ...simulatedRegion, ...plain, seed: 4, policy, brake: { clusterShare: 0.6, regionShare: 0.6 } });

/** A person at the console, a real Lifeboat behind it, a region that is simulated. */
describe('the console, in manual mode', { timeout: 120_000 }, () => {
  const r = new EmbeddedRegion({ clock: wallClock(), region: built, seed: 4, replicas: 1, sessionTimeoutMs: 2_000 });
  const { server, live, close } = embeddedConsole(r);
  const hosts = built.topology.hosts.map((h) => h.host);
  const [victim = hostId(''), drained = hostId('')] = hosts;
  const get = async (url: string) => {
    const answer = await server.inject({ method: 'GET', url });
    return { code: answer.statusCode, body: answer.json() };
  };
  const post = async (url: string, payload?: object) => {
    const answer = await server.inject({ method: 'POST', url, ...(payload === undefined ? {} : { payload }) });
    return { code: answer.statusCode, body: answer.json() };
  };
  before(async () => {
    r.start();
    await eventually('all agents are seen', () => live.hosts.filter((h) => h.agent === 'ok').length === hosts.length, SOON_MS);
  });
  after(async () => {
    r.stop();
    await close();
  });

  it('shows the region, finds hosts, and says what would happen', async () => {
    const { body } = await get('/api/region');
    assert.deepEqual([body.lacks, body.hosts, body.incidents], ['', [], []]);
    assert.equal(body.clusters.length, built.topology.clusters.length);
    assert.equal((await get(`/api/hosts?match=${victim}`)).body[0].host, victim);
    assert.match((await get(`/api/plan?host=${victim}`)).body.lines[0], /would get a place/);
    assert.equal((await get('/api/plan?host=nowhere')).code, 409);
    assert.equal((await get('/api/hosts/nowhere')).code, 404);
  });

  it('a person picks VMs of a failed host, sees where each would go, and starts just those', async () => {
    const vms = r.world.runningOn(victim);
    assert.ok(vms.length >= 2);
    r.world.powerOff(victim);
    await eventually('it waits for a person', () => live.incidents.some((i) => i.waits.has('person')), SOON_MS);
    const [{ incident } = { incident: '' }] = live.incidents;
    const { body } = await get(`/api/incidents/${incident}`);
    assert.equal(body.automation, 'manual');
    assert.ok(body.waiting.length >= 2);
    const [first, ...others] = body.waiting.map(({ vm, from, to }: { vm: string; from: string; to: string }) => ({ vm, from, to }));
    const url = `/api/incidents/${incident}/evacuation`;
    const elsewhere = await post(url, { answer: 'evacuate', placements: [{ ...first, to: victim }] });
    assert.equal(elsewhere.code, 409, 'not what was shown');
    assert.match(elsewhere.body.problem, /look at it again/);
    assert.equal(r.world.vm(first.vm).copies.size, 0, 'nothing is evacuated before a person says so');
    const started = await post(url, { answer: 'evacuate', placements: [first] });
    assert.deepEqual([started.code, started.body.by], [202, 'operator']);
    await eventually('that one runs', () => r.world.vm(first.vm).copies.size === 1, SOON_MS);
    assert.equal(r.world.vm(others[0].vm).copies.size, 0, 'the others were not picked');
    assert.equal((await post(url, { answer: 'evacuate', placements: [first] })).code, 409, 'it does not wait any more');
    const rest = (await get(`/api/incidents/${incident}`)).body.waiting.map((p: { vm: string; from: string; to: string }) => p);
    const placements = rest.map(({ vm, from, to }: { vm: string; from: string; to: string }) => ({ vm, from, to }));
    assert.equal((await post(url, { answer: 'evacuate', placements })).code, 202);
    await eventually('its incident is closed', () => live.incident(incident as never)?.closedAt !== null, SOON_MS);
    const { payload } = await server.inject({ method: 'GET', url: `/api/stories/${incident}` });
    assert.match(payload, /operator starts the evacuation of 1 VM/);
  });

  it('empties a host that is well, and lets it in again', async () => {
    const vms = r.world.runningOn(drained);
    assert.match((await get(`/api/hosts/${drained}/drain-plan`)).body.lines[0], /have a place/);
    assert.equal((await post(`/api/hosts/${drained}/drain`, { disable: true, cold: false })).code, 202);
    await eventually('it is empty', () => live.drains[0]?.outcome === 'emptied', SOON_MS);
    assert.ok(vms.every((vm) => r.world.vm(vm).copies.size === 1 && !r.world.vm(vm).copies.has(drained)));
    assert.equal((await post(`/api/hosts/${drained}/release`)).code, 202);
    await eventually('it takes VMs again', () => live.phase(drained) === 'well', SOON_MS);
  });

  it('an order that is refused says why', async () => {
    const { code, body } = await post(`/api/hosts/${drained}/statement`, { words: 'the cable is out' });
    assert.equal(code, 409);
    assert.match(body.problem, /the order of operator is not carried out/);
  });
});
