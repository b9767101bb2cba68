import { setTimeout as sleep } from 'node:timers/promises';
import { hostId, type VmId } from '@lifeboat/kernel';
import { hostName } from '../lab-hosts/lab-hosts.ts';
import type { Lab } from '../openstack-lab/lab.ts';
import { killCompute, type NovaView, startCompute, until } from './nova.ts';

const AT_ONCE = 10;
const POLL_MS = 500;
const LIMIT_MS = 180_000;

/**
 * The floor: what Nova itself takes. No proof, no plan, no checks: force down, post the evacuations ten at a time, look
 * every half second until the last VM is ACTIVE without a task on another host. Milliseconds from the force-down on.
 */
export const bareScript = async (lab: Lab, nova: NovaView, n: number, vms: readonly VmId[]): Promise<number> => {
  const host = hostId(hostName(n));
  const began = performance.now();
  await nova.forceDown(host);
  const left = [...vms];
  const post = async () => {
    for (let vm = left.shift(); vm !== undefined; vm = left.shift()) await nova.evacuate(vm);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, post));
  const wanted = new Set(vms);
  for (;;) {
    const mine = (await lab.listServers()).filter((s) => wanted.has(s.vm));
    if (mine.length === vms.length && mine.every((s) => s.status === 'ACTIVE' && s.task === null && s.host !== host))
      return performance.now() - began;
    if (performance.now() - began > LIMIT_MS) throw new Error(`the bare script did not end within ${LIMIT_MS / 1000} s`);
    await sleep(POLL_MS);
  }
};

/** The whole of it on one lab host, whose nova-compute dies and comes back; the host itself stays on, so Lifeboat does nothing. */
export const scriptRun = async (lab: Lab, nova: NovaView, n: number, vms: readonly VmId[]): Promise<number> => {
  const host = hostId(hostName(n));
  killCompute(n);
  const took = await bareScript(lab, nova, n, vms);
  await startCompute(n);
  // the evacuated VMs' records: done until the returned compute has cleaned up
  await until(`${host} has cleaned up`, 90_000, async () => (await nova.evacuationsFrom(host)).every((m) => m.status !== 'done'));
  await nova.restore(host);
  return took;
};
