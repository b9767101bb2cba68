import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Recorded, readRecord, writeUnder } from '../lab-hosts/places.ts';
import { ask } from './api.ts';
import { brickVolume, clientVolume } from './conf.ts';
import { inside, spaces, stateDir } from './places.ts';
import { endNow, launch, run, untilSo } from './tools.ts';

const here = import.meta.dirname;
const records = join(stateDir, 'run');
const remember = (name: string, p: Recorded) => writeUnder(join(records, name), `${p.pid} ${p.start}`);

/** Everything that the lab has running beside its hosts and BMCs, also of a lab whose process was killed. */
export const endBackground = (): void => {
  for (const name of existsSync(records) ? readdirSync(records) : []) endNow(readRecord(join(records, name)));
  rmSync(records, { recursive: true, force: true });
};

/** One brick, with locks that hold between hosts. */
export const startBrick = (idleS: number): void => {
  const volume = join(stateDir, 'brick.vol');
  writeFileSync(volume, brickVolume(idleS));
  writeFileSync(join(stateDir, 'client.vol'), clientVolume);
  const command = [...inside(spaces.storage), 'glusterfsd', '--no-daemon', '-f', volume, '-l', join(stateDir, 'brick.log')];
  remember('brick', launch(command, join(stateDir, 'brick.out')));
};

/** Ports of this machine's loopback (or of the namespace `from`) at an address of another namespace. */
export const forward = async (name: string, to: string, address: string, ports: readonly number[], from?: string): Promise<void> => {
  const log = join(stateDir, `forward-${name}.log`);
  rmSync(log, { force: true });
  const within = from === undefined ? [] : ['nsenter', `--net=${from}`];
  remember(name, launch([...within, '/usr/bin/python3', join(here, 'forward.py'), to, address, ...ports.map(String)], log));
  await untilSo(`${name} is forwarded (see ${log})`, 10_000, async () => readFileSync(log, 'utf8').includes('listening'), 30);
};

export const neutron = (what: 'bridge' | 'restore', ...more: readonly string[]) => run([join(here, 'neutron.sh'), what, ...more], 180_000);

/** The OpenStack lab's Neutron with a driver that binds ports to the hosts' bridges. */
export const bridgeNeutron = async (): Promise<void> => {
  const extra = join(stateDir, 'neutron-extra.conf');
  writeFileSync(extra, '[ml2]\nmechanism_drivers = labbridge\n');
  await neutron('bridge', extra);
  // a fresh server fails to list ports until it was asked for networks
  await untilSo('Neutron lists ports', 60_000, async () => {
    await ask('GET', 'network', '/networks');
    await ask('GET', 'network', '/security-groups');
    return (await ask('GET', 'network', '/ports')).status === 200;
  });
};

/** Maps new computes into the cell at once; Nova's scheduler would within half a minute. */
export const discover = (): Promise<string> => {
  const cfg = process.env.CFG ?? '/etc/openstack-lab';
  const nova = ['--config-file', join(cfg, 'nova.conf'), '--config-file', join(cfg, 'nova-db.conf')];
  return run(['nova-manage', ...nova, 'cell_v2', 'discover_hosts'], 120_000);
};
