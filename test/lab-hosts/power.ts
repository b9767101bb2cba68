// power.ts on|off|status N: the power supply of a lab host.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Machine, namespaces, recordItself, statusOf, switchOff, switchOn } from './machine.ts';
import { hostDir, hostName, readConfig } from './places.ts';

const here = import.meta.dirname;

const init = `
${recordItself}
hostname "$NAME"
mount --bind "$DIR/boot_id" /proc/sys/kernel/random/boot_id
"$NODE" "$HOST" "$N"
exit $? # not the last command, so that the shell stays the first process
`;

const machineOf = (n: number): Machine => ({
  name: `lab host ${n}`,
  dir: hostDir(n),
  command: [...namespaces, '/bin/sh', '-c', init, 'init'],
  env: { NAME: hostName(n), NODE: process.execPath, HOST: join(here, 'host.ts'), N: String(n) },
});

export const powerStatus = (n: number): 'on' | 'off' => statusOf(hostDir(n));

/** Gives power and waits until the host answers. Already on: nothing happens. */
export const powerOn = (n: number): Promise<void> =>
  switchOn(machineOf(n), () => {
    // The same compute may run outside of this lab, started with the OpenStack itself.
    if (readConfig(n).compute) execFileSync(join(here, '../openstack-lab/compute.sh'), ['kill', String(n)]);
  });

/** Takes the power away: SIGKILL to everything of the host. Returns when nothing of it lives any more. */
export const powerOff = (n: number): Promise<void> => switchOff(machineOf(n));

if (import.meta.main) {
  const [what, number] = process.argv.slice(2);
  const n = Number(number);
  if (!Number.isInteger(n) || n < 1 || n > 254) throw new Error('usage: power.ts on|off|status N (1 to 254)');
  if (what === 'status') console.log(powerStatus(n));
  else if (what === 'on') await powerOn(n);
  else if (what === 'off') await powerOff(n);
  else throw new Error('usage: power.ts on|off|status N');
}
