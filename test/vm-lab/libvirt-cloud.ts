import type { Fleet } from '@lifeboat/contracts';
import { type HostId, instant, ok, type VmId } from '@lifeboat/kernel';
import type { Cloud, CloudVm, VmAct } from '@lifeboat/ports';
import type { VmLab } from './lab.ts';

/**
 * What Nova and its libvirt driver would do to the guests of the lab, by virsh: a hard reboot destroys and starts the domain; pause
 * and unpause are suspend and resume. Only what mending a VM in place needs.
 */
export function libvirtCloud(lab: VmLab, host: HostId, vms: ReadonlyMap<VmId, string>): Cloud {
  const states = new Map<VmId, CloudVm>(
    [...vms].map(([vm, name]) => [vm, { vm, name, host, status: 'ACTIVE', vmState: 'active', task: null, fault: null }]),
  );
  const acts = new Map<VmId, readonly VmAct[]>();
  const set = (vm: VmId, change: Partial<CloudVm>) => states.set(vm, { ...(states.get(vm) as CloudVm), ...change });
  const act = (vm: VmId, name: string, vmState: string, work: (domain: string) => Promise<unknown>) => {
    acts.set(vm, [{ act: name, at: instant(Date.now()), by: 'lifeboat', ours: true }, ...(acts.get(vm) ?? [])]);
    set(vm, { task: name });
    work(vms.get(vm) ?? '').then(
      () => set(vm, { task: null, vmState }),
      (e: unknown) => set(vm, { task: null, vmState: 'error', fault: String(e) }),
    );
    return Promise.resolve(ok(undefined));
  };
  const empty: Fleet = { hosts: [], vms: [], groups: [] };
  const cloud: Cloud = {
    onlyWhile: () => cloud,
    computeServices: async () => ok([{ id: '1', host, up: true, enabled: true, forcedDown: false, disabledReason: null }]),
    fleet: async () => ok(empty),
    fleetChanges: async () => ok({ ...empty, gone: [] }),
    vm: async (vm: VmId) => ok(states.get(vm) as CloudVm),
    acts: async (vm: VmId) => ok(acts.get(vm) ?? []),
    reboot: (vm: VmId) =>
      act(vm, 'reboot', 'active', async (d) => {
        await lab.virsh('destroy', d).catch(() => undefined); // it may not run
        await lab.virsh('start', d);
      }),
    pause: (vm: VmId) => act(vm, 'pause', 'paused', (d) => lab.virsh('suspend', d)),
    unpause: (vm: VmId) => act(vm, 'unpause', 'active', (d) => lab.virsh('resume', d)),
  } as unknown as Cloud;
  return cloud;
}
