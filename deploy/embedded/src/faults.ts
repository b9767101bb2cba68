import { type HostId, hostId, rackId } from '@lifeboat/kernel';
import type { EmbeddedRegion } from './region.ts';

/** What a person may break in the simulated region, and mend; from the page, the terminal or the API alike. */
export const actions = {
  'fail-host': 'cut the power of a host',
  'fail-rack': 'cut the power feed of a rack, its switches and BMCs',
  'cut-management': "pull a host's management cable",
  'cut-production': "pull a host's production cable",
  'kill-agent': "kill a host's agent",
  'mend-host': 'power on, plug in, start what stands still on a host',
  'mend-rack': "bring a rack's power feed back",
} as const;
export type Action = keyof typeof actions;

/** Does it, or says in words why not. */
export function act(region: EmbeddedRegion, action: string, target: string): string | null {
  if (!(action in actions)) return `action: '${action}' is not known; one of ${Object.keys(actions).join(', ')}`;
  const { world } = region;
  const onRack = action.endsWith('rack');
  if (onRack ? !world.racks.has(rackId(target)) : !world.hosts.has(hostId(target)))
    return `target: there is no ${onRack ? 'rack' : 'host'} '${target}' in region ${world.topology.region}`;
  const how: Record<Action, () => void> = {
    'fail-host': () => world.powerOff(hostId(target), 'power cut by a person'),
    'fail-rack': () => world.failRack(rackId(target)),
    'cut-management': () => world.cutManagement(hostId(target)),
    'cut-production': () => world.cutProduction(hostId(target)),
    'kill-agent': () => world.killAgent(hostId(target)),
    'mend-host': () => mend(region, hostId(target)),
    'mend-rack': () => {
      world.restoreRack(rackId(target));
      for (const h of world.hostsOfRack(rackId(target))) mend(region, h);
    },
  };
  how[action as Action]();
  return null;
}

function mend({ world }: EmbeddedRegion, host: HostId): void {
  world.powerOn(host, 'powered on by a person');
  world.heal(host);
  world.startAgent(host);
  world.startCompute(host);
}

/** A host that is up and runs VMs, the busiest first: what 'fail a host' means when nobody says which. */
export const busiestHost = (region: EmbeddedRegion): string | null => {
  const up = [...region.world.hosts.values()].filter((h) => h.os === 'up' && h.agent);
  const load = up.map((h) => ({ host: h.spec.host, n: region.world.runningOn(h.spec.host).length }));
  return load.sort((a, b) => b.n - a.n || (a.host < b.host ? -1 : 1))[0]?.host ?? null;
};
