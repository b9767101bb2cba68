import { type FleetVm, named, type VmReport } from '@lifeboat/contracts';
import { failed, type HostId, ok, type VmId } from '@lifeboat/kernel';
import type { Clock, Cloud, VmSource } from '@lifeboat/ports';

const states: Readonly<Record<string, VmReport['state']>> = {
  ACTIVE: 'running',
  PAUSED: 'paused',
  SUSPENDED: 'paused',
  SHUTOFF: 'shut-off',
};

/**
 * The VMs of a host by Nova's word: for hosts whose hypervisor cannot be asked (Nova's fake driver). Where there is a
 * hypervisor, ask that one: Nova is told late what really runs.
 */
export function novaVmSource(cloud: Pick<Cloud, 'vmsOn'>, host: HostId, clock: Clock): VmSource {
  let known = new Map<VmId, VmReport>();
  const report = (v: FleetVm): VmReport => {
    const state = states[v.status] ?? 'unknown';
    const before = known.get(v.vm);
    return before !== undefined && before.state === state && before.reason === v.status
      ? before
      : { vm: v.vm, ...named(v.name), state, reason: v.status, since: clock.now() };
  };
  return {
    async vms() {
      const vms = await cloud.vmsOn(host);
      if (!vms.ok) return failed('VMS_UNREADABLE', `Nova: ${vms.code}: ${vms.detail}`);
      known = new Map(vms.value.map((v) => [v.vm, report(v)]));
      return ok([...known.values()]);
    },
    // Nova tells nobody; the agent asks often instead.
    onChange: () => () => undefined,
  };
}
