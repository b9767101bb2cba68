// power.ts on|off|status N: the power supply of a host of the true lab. Its BMC calls this.
import { join } from 'node:path';
import { firstOf, type Machine, namespaces, statusOf, switchOff, switchOn } from '../lab-hosts/machine.ts';
import { setCable } from './fabric.ts';
import { fullName, hostDir, hostSpace, inside } from './places.ts';

const machineOf = (n: number): Machine => ({
  name: `host ${n} of the true lab`,
  dir: hostDir(n),
  command: [...inside(hostSpace(n)), ...namespaces, '--ipc', '/bin/bash', join(import.meta.dirname, 'host-init.sh')],
  env: { NAME: fullName(n), N: String(n) },
});

export const powerStatus = (n: number): 'on' | 'off' => statusOf(hostDir(n));

const carriers = async (n: number, up: boolean): Promise<void> => {
  await setCable(n, 'management', up);
  await setCable(n, 'production', up);
};

export const powerOn = async (n: number): Promise<void> => {
  if (powerStatus(n) === 'on') return;
  await carriers(n, true);
  await switchOn(machineOf(n));
};

/** A power cut: both switch ports lose their carrier, nothing says goodbye, everything of the host is killed. */
export const powerOff = async (n: number): Promise<void> => {
  await carriers(n, false);
  await switchOff(machineOf(n));
};

/** Everything of the host ends, whatever has become of its cables. */
export const endHost = (n: number): Promise<void> => switchOff(machineOf(n));

/** Runs what follows inside the host. */
export const onHost = (n: number): readonly string[] => ['nsenter', '-t', String(firstOf(hostDir(n))), '-a', '--'];

if (import.meta.main) {
  const [what, number] = process.argv.slice(2);
  const n = Number(number);
  if (!Number.isInteger(n) || n < 1 || n > 9) throw new Error('usage: power.ts on|off|status N (1 to 9)');
  if (what === 'status') console.log(powerStatus(n));
  else if (what === 'on') await powerOn(n);
  else if (what === 'off') await powerOff(n);
  else throw new Error('usage: power.ts on|off|status N');
}
