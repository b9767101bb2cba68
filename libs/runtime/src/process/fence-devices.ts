import type { FenceMethod, Topology } from '@lifeboat/contracts';
import type { Complaint } from '@lifeboat/kernel';

type Device = Pick<FenceMethod, 'agent' | 'parameters'>;

/**
 * What a method switches: an outlet or a machine behind an address. Who asks, and by which agent, makes no other device of
 * it: IPMI and Redfish of one address are one BMC. Without an address (a shared disk, say) all its parameters are the device.
 */
const switched = ({ agent, parameters: p }: Device): string | null => {
  const address = p['ip'] ?? p['ipaddr'];
  if (address !== undefined)
    return [address.toLowerCase(), p['ipport'] ?? '', p['plug'] ?? p['port'] ?? '', p['systems_uri'] ?? ''].join(' ');
  const given = Object.entries(p).sort(([a], [b]) => (a < b ? -1 : 1));
  return given.length === 0 ? null : JSON.stringify([agent, given]);
};

const devicesOf = (m: FenceMethod): readonly Device[] => [m, ...(m.also ?? [])];

/** One device for two hosts: an order against one would switch the other off, and its 'off' would be taken as proof for both. */
export function sharedDevices(where: string, hosts: Topology['hosts']): Complaint[] {
  const complaints: Complaint[] = [];
  const owners = new Map<string, string>();
  hosts.forEach((h, i) => {
    h.fence.forEach((m, j) => {
      for (const device of devicesOf(m)) {
        const what = switched(device);
        if (what === null) continue;
        const owner = owners.get(what) ?? h.host;
        owners.set(what, owner);
        if (owner === h.host) continue;
        const field = `hosts.${i}.fence.${j}.parameters`;
        const problem = `fence method ${m.name} of ${h.host} switches the same device as one of ${owner}; give each host its own address or plug`;
        complaints.push({ where, field, problem });
      }
    });
  });
  return complaints;
}
