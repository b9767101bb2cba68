// power.ts on|off|status N: the power supply of a lab host.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, hostDir, hostName, lives, type Recorded, readConfig, readRecord, startOf, writeUnder } from './places.ts';

const record = (n: number) => join(hostDir(n), 'init');
const ready = (n: number) => join(hostDir(n), 'ready');
const here = import.meta.dirname;

/**
 * A host is a PID namespace: the kernel kills every process in it when its first one dies, also those that left the
 * process group or whose parent is gone, and lets that first one end only when all others have. So 'init is dead' is
 * 'nothing of this host lives'. (The first one is a shell: the main thread of a program with threads, as Node, can be
 * dead before the others.) Its host name and boot id are its own, as on a real machine.
 */
const init = `
read -r stat < /proc/self/stat
set -- \${stat##*) }
echo "\${stat%% *} \${20}" > "$DIR/init.new" && mv "$DIR/init.new" "$DIR/init"
hostname "$NAME"
mount --bind "$DIR/boot_id" /proc/sys/kernel/random/boot_id
"$NODE" "$HOST" "$N"
exit $? # not the last command, so that the shell stays the first process
`;

export const powerStatus = (n: number): 'on' | 'off' => (lives(readRecord(record(n))) ? 'on' : 'off');

/** Gives power and waits until the host answers. Already on: nothing happens. */
export const powerOn = async (n: number): Promise<void> => {
  const unlock = await lock(n);
  try {
    if (powerStatus(n) === 'on') return;
    // The same compute may run outside of this lab, started with the OpenStack itself.
    if (readConfig(n).compute) execFileSync(join(here, '../openstack-lab/compute.sh'), ['kill', String(n)]);
    rmSync(ready(n), { force: true });
    writeUnder(join(hostDir(n), 'boot_id'), `${crypto.randomUUID()}\n`);
    const log = openSync(join(hostDir(n), 'host.log'), 'a');
    const command = [
      '--pid',
      '--mount',
      '--uts',
      '--fork',
      '--kill-child=SIGKILL',
      '--propagation',
      'private',
      '/bin/sh',
      '-c',
      init,
      'init',
    ];
    const env = { ...process.env, DIR: hostDir(n), NAME: hostName(n), NODE: process.execPath, HOST: join(here, 'host.ts'), N: String(n) };
    const child = spawn('unshare', command, { detached: true, env, cwd: '/', stdio: ['ignore', log, log] });
    closeSync(log);
    child.unref();
    const up = await eventually(20_000, () => readRecord(ready(n)) !== null || child.exitCode !== null);
    if (!up || powerStatus(n) !== 'on') throw new Error(`lab host ${n} did not come up; see ${hostDir(n)}/host.log`);
  } finally {
    unlock();
  }
};

/** Takes the power away: SIGKILL to everything of the host. Returns when nothing of it lives any more. */
export const powerOff = async (n: number): Promise<void> => {
  const first = readRecord(record(n));
  if (!lives(first)) return;
  process.kill(first.pid, 'SIGKILL');
  if (!(await eventually(10_000, () => !lives(first)))) throw new Error(`lab host ${n}: process ${first.pid} does not die`);
};

/** One 'on' at a time; a lock whose owner is gone is no lock. */
const lock = async (n: number): Promise<() => void> => {
  const path = join(hostDir(n), 'lock');
  const me: Recorded = { pid: process.pid, start: startOf(process.pid) ?? '' };
  const taken = await eventually(25_000, () => {
    if (!lives(readRecord(path))) rmSync(path, { force: true });
    try {
      closeSync(openSync(path, 'wx'));
    } catch {
      return false;
    }
    writeUnder(path, `${me.pid} ${me.start}`);
    return true;
  });
  if (!taken) throw new Error(`lab host ${n}: somebody else has been switching it on for 25 s (${path})`);
  return () => rmSync(path, { force: true });
};

if (import.meta.main) {
  const [what, number] = process.argv.slice(2);
  const n = Number(number);
  if (!Number.isInteger(n) || n < 1 || n > 254) throw new Error('usage: power.ts on|off|status N (1 to 254)');
  if (what === 'status') console.log(powerStatus(n));
  else if (what === 'on') await powerOn(n);
  else if (what === 'off') await powerOff(n);
  else throw new Error('usage: power.ts on|off|status N');
}
