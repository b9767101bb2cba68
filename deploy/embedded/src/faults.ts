import { encode, type LifeboatEvent, type NewEvent } from '@lifeboat/contracts';
import { type HostId, hostId, rackId, stableId } from '@lifeboat/kernel';
import type { EmbeddedRegion } from './region.ts';

/** What a person may break in the simulated region, mend, and order; from the page, the terminal or the API alike. */
export const actions = {
  'fail-host': 'cut the power',
  'fail-rack': 'cut the power feed, with switches and BMCs',
  'mend-rack': 'bring the power feed back',
  'cut-management': 'pull the management cable',
  'cut-production': 'pull the production cable',
  'kill-agent': 'kill the agent',
  'mend-host': 'mend: power on, plug in, start what stands still',
  'drain-host': 'drain: move all VMs away alive; it stays disabled',
  'stop-drain-host': 'end the drain: nothing more begins to move',
  'release-host': 'release: it may take VMs again',
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
    'drain-host': () => drain(region, hostId(target)),
    'stop-drain-host': () => order(region, 'lifeboat.drain.halted', hostId(target), {}),
    'release-host': () => order(region, 'lifeboat.release.approved', hostId(target), {}),
    'mend-host': () => mend(region, hostId(target)),
    'mend-rack': () => {
      world.restoreRack(rackId(target));
      for (const h of world.hostsOfRack(rackId(target))) mend(region, h);
    },
  };
  how[action as Action]();
  return null;
}

const drain = (region: EmbeddedRegion, host: HostId): void => order(region, 'lifeboat.drain.chosen', host, { disable: true });

const BY = 'operator at the page';
/** As the command line gives it. */
function order(region: EmbeddedRegion, type: NewEvent['type'], host: HostId, more: object): void {
  const at = region.clock.now();
  const data = { host, ...more, by: BY, at };
  const id = stableId('console', BY, at, type, host);
  const event = { type, data, id, source: `console/${BY}`, time: at, sequence: at as number } as unknown as LifeboatEvent;
  region.choices.onEvent?.(event);
  void region.bus.client().publish([encode(event)]);
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
