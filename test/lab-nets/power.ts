// power.ts on|off|status N: the power supply of a host of this lab. Its BMC calls it, too.
import { join } from 'node:path';
import { type Machine, namespaces, recordItself, statusOf, switchOff, switchOn } from '../lab-hosts/machine.ts';
import { light } from './fabric.ts';
import { hostDir, hostName, hostSpace, networks, portOf } from './places.ts';

const init = `
${recordItself}
hostname "$NAME"
mount --bind "$DIR/boot_id" /proc/sys/kernel/random/boot_id
/usr/sbin/sshd -f "$DIR/sshd_config" -E "$DIR/sshd.log"
sh "$DIR/agent.sh" &
echo 'ready 1' > "$DIR/ready"
while :; do sleep 60; done
exit # not the last command, so that the shell stays the first process
`;

const machineOf = (n: number): Machine => ({
  name: hostName(n),
  dir: hostDir(n),
  command: ['ip', 'netns', 'exec', hostSpace(n), ...namespaces, '/bin/sh', '-c', init, 'init'],
  env: { NAME: hostName(n) },
});
const links = (n: number, on: boolean) => {
  for (const network of networks) light(portOf('host', n, network), on);
};

export const powerStatus = (n: number): 'on' | 'off' => statusOf(hostDir(n));
export const powerOn = (n: number): Promise<void> => switchOn(machineOf(n), () => links(n, true));
/** Everything of the host is killed and its links go dark; nothing says good-bye. */
export const powerOff = async (n: number): Promise<void> => {
  links(n, false);
  await switchOff(machineOf(n));
};
/** What the host runs, apart from what Nova started there. */
export const agentScript = (n: number) => join(hostDir(n), 'agent.sh');

if (import.meta.main) {
  const [what, number] = process.argv.slice(2);
  const n = Number(number);
  if (!Number.isInteger(n) || n < 1) throw new Error('usage: power.ts on|off|status N');
  if (what === 'status') console.log(powerStatus(n));
  else if (what === 'on') await powerOn(n);
  else if (what === 'off') await powerOff(n);
  else throw new Error('usage: power.ts on|off|status N');
}
