import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BMC_PORT, bmcAddress, eventually, lives, readOr, readRecord, startOf, stateDir, writeUnder } from './places.ts';

export const BMC_USER = 'admin';
export const BMC_PASSWORD = 'lab-bmc-secret';

/** 'lie': takes the order and does nothing. 'slow': each answer takes that many seconds. 'silent': no answer at all. */
export type BmcFault = 'lie' | 'slow' | 'silent';

/** Where BMCs stand: those of `labHosts` on loopback, another lab's in a network of its own. */
export interface BmcPlace {
  /** Holds `bmc-N`, and `host-N/init` of the machine that N's BMC has in hand. */
  readonly state: string;
  readonly address: (n: number) => string;
  /** `power.ts on|off N`. */
  readonly power: string;
  /** What `ipmi_sim` is started with, e.g. nsenter. */
  readonly within: readonly string[];
}
const loopback: BmcPlace = { state: stateDir, address: bmcAddress, power: join(import.meta.dirname, 'power.ts'), within: [] };
const dirOf = (n: number, at: Pick<BmcPlace, 'state'>) => join(at.state, `bmc-${n}`);

const lanConf = (n: number, at: BmcPlace) => `name "bmc-${n}"
set_working_mc 0x20
  startlan 1
    addr ${at.address(n)} ${BMC_PORT}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcd${n.toString(16).padStart(2, '0')}
  endlan
  chassis_control "${join(import.meta.dirname, 'chassis.sh')} ${process.execPath} ${at.power} ${at.state} ${n}"
  user 1 true "" "" user 10 none md2 md5 straight
  user 2 true "${BMC_USER}" "${BMC_PASSWORD}" admin 10 none md2 md5 straight
`;
const simEmu = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`;

const record = (n: number, at: Pick<BmcPlace, 'state'>) => join(dirOf(n, at), 'pid');
/** An address and port 623 as the kernel writes them in /proc/net/udp. */
const bound = (address: string) =>
  `${address
    .split('.')
    .reverse()
    .map((b) => Number(b).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()}:${BMC_PORT.toString(16).padStart(4, '0').toUpperCase()}`;

/** A real ipmi_sim (OpenIPMI): lanplus, cipher suite 3, one for each host, with power of its own. */
export const startBmc = async (n: number, at: BmcPlace = loopback): Promise<void> => {
  if (lives(readRecord(record(n, at)))) return;
  const dir = dirOf(n, at);
  mkdirSync(join(dir, 'state'), { recursive: true });
  writeUnder(join(dir, 'lan.conf'), lanConf(n, at));
  writeUnder(join(dir, 'sim.emu'), simEmu);
  const log = openSync(join(dir, 'ipmi_sim.log'), 'a');
  const own = ['ipmi_sim', '-c', join(dir, 'lan.conf'), '-f', join(dir, 'sim.emu'), '-s', join(dir, 'state'), '-n', '-p'];
  const [program = '', ...args] = [...at.within, ...own];
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  const problem = await new Promise<Error | null>((resolve) => {
    child.on('error', resolve);
    child.on('spawn', () => resolve(null));
  });
  if (problem !== null || child.pid === undefined) throw new Error(`ipmi_sim: ${problem?.message}; install test/lab-hosts/packages.txt`);
  child.unref();
  writeUnder(record(n, at), `${child.pid} ${startOf(child.pid) ?? ''}`);
  // its own /proc: that of its network namespace
  const sockets = `/proc/${child.pid}/net/udp`;
  const up = await eventually(5_000, () => readOr(sockets, '').includes(` ${bound(at.address(n))} `) || child.exitCode !== null);
  if (!up || child.exitCode !== null) throw new Error(`the BMC of lab host ${n} did not start; see ${dir}/ipmi_sim.log`);
};

export const stopBmc = async (n: number, at: Pick<BmcPlace, 'state'> = loopback): Promise<void> => {
  const bmc = readRecord(record(n, at));
  if (lives(bmc)) {
    process.kill(bmc.pid, 'SIGKILL');
    await eventually(2_000, () => !lives(bmc));
  }
  rmSync(dirOf(n, at), { recursive: true, force: true });
};

/** `on` is the number of seconds for 'slow'. A stopped process keeps its port: packets vanish, as with a BMC without power. */
export const setBmcFault = (n: number, fault: BmcFault, on: boolean | number, at: Pick<BmcPlace, 'state'> = loopback): void => {
  if (fault === 'silent') {
    const bmc = readRecord(record(n, at));
    if (!lives(bmc)) throw new Error(`the BMC of lab host ${n} does not run`);
    process.kill(bmc.pid, on === false ? 'SIGCONT' : 'SIGSTOP');
  } else if (on === false) rmSync(join(dirOf(n, at), fault), { force: true });
  else writeUnder(join(dirOf(n, at), fault), `${on === true ? 5 : on}\n`);
};
