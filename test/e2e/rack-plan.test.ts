import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { wallClock } from '@lifeboat/adapters-memory/wall-clock';
import { type OpenStackCloud, openOpenStack } from '@lifeboat/adapters-openstack';
import type { Plan } from '@lifeboat/contracts';
import { type HostId, hostId, type VmId } from '@lifeboat/kernel';
import { FleetKeeper } from '@lifeboat/scheduler';
import { ensureUp, type Lab, labEnv, openLab } from '../openstack-lab/lab.ts';
import { labTopology } from '../openstack-lab/topology.ts';
import { takeLock } from './lock.ts';
import { must, type NovaView, novaOf, until } from './nova.ts';

const HOSTS = 6;
const NAME = 'rackplan';
const IN_FLIGHT = 8;
const clock = wallClock();
/** Racks of two: compute-1 and -4, -2 and -5, -3 and -6. */
const hosts = Array.from({ length: HOSTS }, (_, i) => hostId(`compute-${i + 1}`));
const topology = labTopology(hosts);
const failing = hosts.filter((_, i) => i % 3 === 0);

describe('a plan for a whole rack, carried out on a real Nova', { timeout: 300_000 }, () => {
  let lab: Lab;
  let nova: NovaView;
  let cloud: OpenStackCloud;
  let plan: Plan;
  let unlock: () => void = () => undefined;
  const startedAt = performance.now();
  const say = (line: string) => console.log(`[${((performance.now() - startedAt) / 1000).toFixed(1)} s] ${line}`);

  before(async () => {
    unlock = await takeLock('lifeboat-lab');
    await ensureUp(HOSTS);
    lab = openLab();
    nova = novaOf(lab);
    const opened = openOpenStack({ env: labEnv, clock, topology: () => topology });
    assert.ok(opened.ok, opened.ok ? '' : JSON.stringify(opened.complaints));
    cloud = opened.value;
    // whatever an earlier run left behind would be part of the rack
    await lab.deleteAll();
    const boot = (host: HostId, count: number, type: string, flavor: 'm1.tiny' | 'm1.small' | 'm1.large') =>
      lab.boot({ host, count, flavor, name: `${NAME}-${host}-${type}`, metadata: { 'lifeboat:business_type': type } });
    await Promise.all(
      failing.flatMap((host) => [boot(host, 3, 'web', 'm1.small'), boot(host, 2, 'db', 'm1.large'), boot(host, 3, 'batch', 'm1.tiny')]),
    );
    say('16 VMs run in the rack');
  });
  after(async () => {
    for (const host of failing) await lab.start(host).catch(say);
    for (const host of failing) await nova.restore(host);
    await lab.deleteAll(NAME);
    await cloud.close();
    lab.close();
    unlock();
    say('the rack is back');
  });

  it('is made from the fleet as it is now, though nobody waited for it', async () => {
    const keeper = new FleetKeeper({ cloud, clock, topology: () => topology });
    const stop = new AbortController();
    const kept = keeper.keep(() => undefined, stop.signal);
    await until('the fleet is read', 30_000, async () => keeper.figures().readAt !== null);
    // the boot storm of the last second, unknown to the whole reading
    const late = (
      await Promise.all(
        failing.map((host) => lab.boot({ host, count: 1, name: `${NAME}-${host}-late`, metadata: { 'lifeboat:business_type': 'web' } })),
      )
    ).flat();
    const there = (await Promise.all(failing.map((host) => cloud.vmsOn(host)))).flatMap((o) => must(o));
    for (const vm of late) assert.ok(there.some((v) => v.vm === vm));
    const made = must(await keeper.plan({ failedHosts: failing, there, vms: there.map((v) => v.vm), exclude: [], inFlight: {} }));
    stop.abort();
    await kept;
    plan = made;
    assert.deepEqual([plan.unplaced, plan.placements.length], [[], there.length]);
    assert.equal(plan.certificate.placed, plan.certificate.upperBound);
    for (const s of plan.certificate.spread) assert.equal(s.most, s.lowerBound, s.businessType);
  });

  it('and not one VM of it is refused: each runs where it was planned', async () => {
    for (const host of failing) await lab.kill(host);
    for (const host of failing) must(await cloud.forceDown(host));
    for (const host of failing) must(await cloud.disable(host, 'Lifeboat: rack plan test'));
    say(`${failing.join(' and ')} are dead`);
    const refused: string[] = [];
    const where = async () => new Map((await lab.listServers(NAME)).map((s) => [s.vm, s]));
    const arrived = async (vms: ReadonlySet<VmId>) => {
      const now = await where();
      return [...vms].filter((vm) => {
        const s = now.get(vm);
        if (s?.status === 'ERROR') refused.push(`${vm}: ERROR on ${s.host}`);
        return s === undefined || s.status === 'ERROR' || (s.task === null && s.status === 'ACTIVE' && !failing.includes(s.host as HostId));
      });
    };
    const flying = new Set<VmId>();
    for (const p of plan.placements) {
      const sent = await cloud.evacuate(p.vm, p.to);
      if (!sent.ok) refused.push(`${p.vm} to ${p.to}: ${sent.code}: ${sent.detail}`);
      else flying.add(p.vm);
      if (flying.size >= IN_FLIGHT)
        await until(
          'room for another evacuation',
          60_000,
          async () => {
            for (const vm of await arrived(flying)) flying.delete(vm);
            return flying.size < IN_FLIGHT;
          },
          250,
        );
    }
    await until('all are there', 60_000, async () => {
      for (const vm of await arrived(flying)) flying.delete(vm);
      return flying.size === 0;
    });
    say(`${plan.placements.length} VMs evacuated`);
    assert.deepEqual(refused, []);
    const now = await where();
    assert.deepEqual(
      plan.placements.flatMap((p) => (now.get(p.vm)?.host === p.to ? [] : [`${p.vm}: planned ${p.to}, is on ${now.get(p.vm)?.host}`])),
      [],
    );
    const records = (await Promise.all(failing.map((host) => cloud.evacuationsFrom(host)))).flatMap((o) => must(o));
    const ours = new Set<string>(plan.placements.map((p) => p.vm));
    assert.deepEqual([...new Set(records.filter((r) => ours.has(r.vm)).map((r) => r.state))], ['done']);
    assert.deepEqual(
      (await nova.books()).flatMap((b) => b.over),
      [],
    );
  });
});
