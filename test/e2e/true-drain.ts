import { askGuest, serverOf } from '../nova-libvirt-lab/guests.ts';
import { hostName } from '../nova-libvirt-lab/places.ts';
import { operator } from './drain.ts';
import { until } from './nova.ts';
import { copiesOf, type Guest } from './true-run.ts';
import type { TrueStack } from './true-stack.ts';

/** Emulated guests move slowly, on a machine that others use, too. */
const DRAINED_MS = 150_000;
const RELEASED_MS = 30_000;

export interface TrueDrain {
  readonly lines: readonly string[];
  readonly tookMs: number;
  readonly wrong: readonly string[];
}

/**
 * Planned evacuation of a host that is well, as an operator types it: its guests leave alive, by live migration over libvirt and
 * shared storage, and go on in the boot they had. Then the host is released.
 */
export const drainRun = async (stack: TrueStack, guests: readonly Guest[], n: number): Promise<TrueDrain> => {
  const host = hostName(n);
  const cli = operator(stack.brokers, DRAINED_MS);
  const there: Guest[] = [];
  for (const x of guests) if ((await serverOf(x.vm))['OS-EXT-SRV-ATTR:host'] === host) there.push(x);
  const wrong: string[] = there.length === 0 ? [`no guest is on ${host}: this drain has shown nothing`] : [];
  const before = new Map(await Promise.all(there.map(async ({ g }) => [g, await askGuest(g)] as const)));
  const beganAt = Date.now();
  const began = performance.now();
  const { stdout } = await cli('drain', host, '--yes');
  const tookMs = Math.round(performance.now() - began);
  const [closed] = stack.recorder.of('lifeboat.drain.closed', (e) => e.data.host === host).slice(-1);
  if (closed?.data.outcome !== 'emptied') wrong.push(`the drain of ${host} ended as ${closed?.data.outcome ?? 'nothing'}`);
  for (const { g, vm } of there) {
    const told = closed?.data.vms.find((v) => v.vm === vm);
    if (told?.outcome !== 'moved' || told.how !== 'live')
      wrong.push(`guest ${g}: ${told?.outcome ?? 'not in the report'}, ${told?.how ?? ''}`);
    const server = await serverOf(vm);
    if (server['OS-EXT-SRV-ATTR:host'] === host || server.status !== 'ACTIVE')
      wrong.push(`guest ${g}: Nova says ${server.status} on ${server['OS-EXT-SRV-ATTR:host']}: ${server.fault?.message ?? 'no fault'}`);
    const [was, is] = [before.get(g), await askGuest(g)];
    if (is === null || is.boots !== was?.boots || is.seq < was.seq) wrong.push(`guest ${g} did not go on: ${JSON.stringify([was, is])}`);
    if ((is?.split ?? 0) > 0 || is?.data !== 'ok' || is.marker !== was?.marker) wrong.push(`guest ${g}: its disk: ${JSON.stringify(is)}`);
    if (copiesOf(vm) !== 1) wrong.push(`guest ${g} runs ${copiesOf(vm)} times afterwards`);
  }
  if (stack.recorder.of('lifeboat.fault.confirmed', (e) => e.time >= beganAt && e.data.hosts.some((h) => h === host)).length > 0)
    wrong.push(`${host} was taken for failed`);
  await cli('release', '--host', host);
  await until(`${host} takes VMs again`, RELEASED_MS, async () => (await stack.nova.serviceOf(stack.host(n))).status === 'enabled');
  return { lines: stdout.trim().split('\n'), tookMs, wrong };
};
