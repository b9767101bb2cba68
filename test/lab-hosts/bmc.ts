import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BMC_PORT, bmcAddress, bmcDir, eventually, hostName, lives, readOr, readRecord, startOf, stateDir, writeUnder } from './places.ts';

export const BMC_USER = 'admin';
export const BMC_PASSWORD = 'lab-bmc-secret';

/** 'lie': takes the order and does nothing. 'slow': each answer takes that many seconds. 'silent': no answer at all. */
export type BmcFault = 'lie' | 'slow' | 'silent';

const lanConf = (n: number) => `name "${hostName(n)}"
set_working_mc 0x20
  startlan 1
    addr ${bmcAddress(n)} ${BMC_PORT}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcd${n.toString(16).padStart(2, '0')}
  endlan
  chassis_control "${join(import.meta.dirname, 'chassis.sh')} ${process.execPath} ${stateDir} ${n}"
  user 1 true "" "" user 10 none md2 md5 straight
  user 2 true "${BMC_USER}" "${BMC_PASSWORD}" admin 10 none md2 md5 straight
`;
const simEmu = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`;

const record = (n: number) => join(bmcDir(n), 'pid');
/** 127.0.13.N:623 as the kernel writes it in /proc/net/udp. */
const boundTo = (n: number) =>
  `${bmcAddress(n)
    .split('.')
    .reverse()
    .map((b) => Number(b).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()}:${BMC_PORT.toString(16).padStart(4, '0').toUpperCase()}`;

/** A real ipmi_sim (OpenIPMI): lanplus, cipher suite 3, one for each host, with power of its own. */
export const startBmc = async (n: number): Promise<void> => {
  if (lives(readRecord(record(n)))) return;
  mkdirSync(join(bmcDir(n), 'state'), { recursive: true });
  writeUnder(join(bmcDir(n), 'lan.conf'), lanConf(n));
  writeUnder(join(bmcDir(n), 'sim.emu'), simEmu);
  const log = openSync(join(bmcDir(n), 'ipmi_sim.log'), 'a');
  const args = ['-c', join(bmcDir(n), 'lan.conf'), '-f', join(bmcDir(n), 'sim.emu'), '-s', join(bmcDir(n), 'state'), '-n', '-p'];
  const child = spawn('ipmi_sim', args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  const problem = await new Promise<Error | null>((resolve) => {
    child.on('error', resolve);
    child.on('spawn', () => resolve(null));
  });
  if (problem !== null || child.pid === undefined) throw new Error(`ipmi_sim: ${problem?.message}; install test/lab-hosts/packages.txt`);
  child.unref();
  writeUnder(record(n), `${child.pid} ${startOf(child.pid) ?? ''}`);
  const bound = await eventually(5_000, () => readOr('/proc/net/udp', '').includes(` ${boundTo(n)} `) || child.exitCode !== null);
  if (!bound || child.exitCode !== null) throw new Error(`the BMC of lab host ${n} did not start; see ${bmcDir(n)}/ipmi_sim.log`);
};

export const stopBmc = async (n: number): Promise<void> => {
  const bmc = readRecord(record(n));
  if (lives(bmc)) {
    process.kill(bmc.pid, 'SIGKILL');
    await eventually(2_000, () => !lives(bmc));
  }
  rmSync(bmcDir(n), { recursive: true, force: true });
};

/** `on` is the number of seconds for 'slow'. A stopped process keeps its port: packets vanish, as with a BMC without power. */
export const setBmcFault = (n: number, fault: BmcFault, on: boolean | number): void => {
  if (fault === 'silent') {
    const bmc = readRecord(record(n));
    if (!lives(bmc)) throw new Error(`the BMC of lab host ${n} does not run`);
    process.kill(bmc.pid, on === false ? 'SIGCONT' : 'SIGSTOP');
  } else if (on === false) rmSync(join(bmcDir(n), fault), { force: true });
  else writeUnder(join(bmcDir(n), fault), `${on === true ? 5 : on}\n`);
};
