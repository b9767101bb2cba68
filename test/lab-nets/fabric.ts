import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { writeUnder } from '../lab-hosts/places.ts';
import {
  bmcAddress,
  bmcSpace,
  bridges,
  CONTROLLER,
  cutFile,
  FABRIC,
  HOSTS_A_RACK,
  hostAddress,
  hostSpace,
  isCut,
  monitorAddress,
  monitorSpace,
  type Network,
  networks,
  portOf,
} from './places.ts';

export interface Extent {
  readonly racks: number;
  readonly monitors: number;
}
const ip = (...args: readonly string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
export const hostsOfRack = (r: number) => numbers(HOSTS_A_RACK).map((i) => (r - 1) * HOSTS_A_RACK + i);

const spaces = ({ racks, monitors }: Extent) => [
  FABRIC,
  ...numbers(racks * HOSTS_A_RACK).map(hostSpace),
  ...numbers(monitors).map(monitorSpace),
  ...numbers(racks).map(bmcSpace),
];

/** A cable from a machine's interface to a port of the switch. */
const plug = (space: string | null, name: string, on: Network, port: string, addresses: readonly string[]): void => {
  const inside = space === null ? [] : ['-n', space];
  const end = space === null ? [] : ['netns', space];
  ip('link', 'add', name, ...end, 'type', 'veth', 'peer', 'name', port, 'netns', FABRIC);
  ip('-n', FABRIC, 'link', 'set', port, 'master', bridges[on], 'up');
  for (const a of addresses) ip(...inside, 'address', 'add', `${a}/16`, 'dev', name);
  ip(...inside, 'link', 'set', name, 'up');
};

/** Two switched networks, and the machines on them. */
export const fabricUp = (extent: Extent): void => {
  fabricDown(extent);
  for (const s of spaces(extent)) {
    ip('netns', 'add', s);
    ip('-n', s, 'link', 'set', 'lo', 'up');
  }
  for (const n of networks) {
    ip('-n', FABRIC, 'link', 'add', bridges[n], 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0');
    ip('-n', FABRIC, 'link', 'set', bridges[n], 'up');
  }
  plug(null, 'lbn-ctl', 'management', 'm-ctl', [CONTROLLER]);
  for (const m of numbers(extent.monitors)) plug(monitorSpace(m), 'mgmt', 'management', portOf('monitor', m), [monitorAddress(m)]);
  for (const r of numbers(extent.racks)) {
    plug(bmcSpace(r), 'mgmt', 'management', portOf('bmcs', r), hostsOfRack(r).map(bmcAddress));
    for (const n of hostsOfRack(r))
      for (const on of networks) plug(hostSpace(n), on === 'management' ? 'mgmt' : 'prod', on, portOf('host', n, on), [hostAddress(n, on)]);
  }
};

export const fabricDown = (extent: Extent): void => {
  const there = new Set(
    ip('netns', 'list')
      .split('\n')
      .map((line) => line.split(' ')[0]),
  );
  // veth pairs go with their namespaces
  for (const s of spaces(extent)) if (there.has(s)) ip('netns', 'delete', s);
};

const set = (port: string, state: 'up' | 'down') => ip('-n', FABRIC, 'link', 'set', port, state);
/** The cable is pulled: no carrier on either end, until it is put back. */
export const cut = (port: string): void => {
  writeUnder(cutFile(port), '');
  set(port, 'down');
};
export const mend = (port: string, hasPower = true): void => {
  rmSync(cutFile(port), { force: true });
  if (hasPower) set(port, 'up');
};
/** A machine without power lights no link. */
export const light = (port: string, on: boolean): void => void (isCut(port) || set(port, on ? 'up' : 'down'));
