import { done, failed, type HostId, type Outcome, type VmId } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';
import { type Moving, newMove, refuseMove } from './moves.ts';
import type { Nova } from './nova.ts';
import type { Server } from './state.ts';

type Answer = Outcome<undefined, CloudFailure>;

/** What Nova does to one VM besides starting and stopping it: hard reboot, pause, unpause, cold move. */
const TAKES_MS = [200, 1_500] as const;

/** Taken now, done later; `begins` looks at the VM, `act` is what its compute service does when it gets the message. */
function asked(
  nova: Nova,
  vm: VmId,
  what: { act: string; by: string; from: readonly Server['vmState'][]; task: string },
  act: (s: Server) => Promise<void>,
): Answer {
  const s = nova.server(vm);
  if (s === undefined) return failed('CLOUD_NOT_FOUND', `Instance ${vm} could not be found.`);
  if (!what.from.includes(s.vmState) || s.task !== null)
    return failed(
      'CLOUD_CONFLICT',
      `Cannot '${what.act}' instance ${vm} while it is in vm_state ${s.vmState}, task_state ${s.task ?? 'none'}`,
    );
  nova.noteAct(vm, what.act, what.by);
  s.task = what.task;
  const { host } = s;
  nova.world.timers.spawn(async () => {
    await nova.world.timers.sleep(nova.prng.between(...TAKES_MS));
    await nova.untilTakesMessages(host);
    // a message that waited for its host looks at the task first: the VM may have been moved or deleted meanwhile
    if (s.deleted || s.host !== host || s.task !== what.task) return;
    await act(s);
  });
  return done;
}

/** True while the compute service that began still lives and the VM is still in this task. */
const goesOn = (nova: Nova, s: Server, task: string) => {
  const life = nova.world.host(s.host).computeLife;
  const { host } = s;
  return () => nova.world.host(host).compute && nova.world.host(host).computeLife === life && s.task === task && s.host === host;
};

export function reboot(nova: Nova, vm: VmId, by: string): Answer {
  const s = nova.server(vm);
  const copy = s === undefined ? undefined : nova.world.vm(vm).copies.get(s.host);
  const answer = asked(nova, vm, { act: 'reboot', by, from: ['active', 'stopped', 'paused', 'error'], task: 'rebooting_hard' }, (server) =>
    hardReboot(nova, server),
  );
  if (answer.ok && by === 'owner') nova.world.vm(vm).ownerStopped = false;
  if (answer.ok && s !== undefined)
    nova.world.happened({ kind: 'restart-call', vm, host: s.host, by, wellSince: copy?.state === 'running' ? copy.since : null });
  return answer;
}

async function hardReboot(nova: Nova, s: Server): Promise<void> {
  s.task = 'reboot_started_hard';
  const alive = goesOn(nova, s, s.task);
  nova.world.endCopy(s.vm, s.host, 'shut-off', 'destroyed for a hard reboot');
  await nova.world.timers.sleep(nova.prng.between(...nova.times.startMs));
  if (alive()) rebooted(nova, s);
}

function rebooted(nova: Nova, s: Server): void {
  nova.world.startCopy(s.vm, s.host, 'hard reboot');
  s.vmState = 'active';
  s.task = null;
}

/** A compute service that starts takes up the reboots in which it died. */
export function takeUpReboots(nova: Nova, host: HostId): void {
  for (const s of nova.serversOn(host)) if (s.task === 'reboot_started_hard') rebooted(nova, s);
}

export const pause = (nova: Nova, vm: VmId, by: string): Answer =>
  asked(nova, vm, { act: 'pause', by, from: ['active'], task: 'pausing' }, async (s) => {
    s.task = null;
    const copy = nova.world.vm(vm).copies.get(s.host);
    if (copy === undefined) return;
    s.vmState = 'paused';
    // paused by an I/O error it stays so
    if (copy.state === 'running') nova.world.ailVm(vm, 'paused');
  });

export const unpause = (nova: Nova, vm: VmId, by: string): Answer =>
  asked(nova, vm, { act: 'unpause', by, from: ['paused'], task: 'unpausing' }, async (s) => {
    s.task = null;
    s.vmState = 'active';
    if (nova.world.vm(vm).copies.has(s.host)) nova.world.resumeVm(vm, s.host);
  });

export function move(nova: Nova, vm: VmId, to: HostId, by: string): Answer {
  const s = nova.server(vm);
  if (s === undefined) return failed('CLOUD_NOT_FOUND', `Instance ${vm} could not be found.`);
  const source = nova.service(s.host);
  if (nova.service(to) === undefined) return failed('CLOUD_REFUSED', `Compute host ${to} could not be found.`);
  if (to === s.host) return failed('CLOUD_REFUSED', 'The target host cannot be the same one.');
  if (source === undefined || !nova.up(source)) return failed('CLOUD_CONFLICT', `Service is unavailable at this time: ${s.host} is down.`);
  const copy = nova.world.vm(vm).copies.get(s.host);
  const wellSince = copy?.state === 'running' ? copy.since : null;
  let record: Moving | null = null;
  const answer = asked(nova, vm, { act: 'migrate', by, from: ['active', 'stopped'], task: 'resize_prep' }, (server) =>
    moving(nova, server, record as Moving, to),
  );
  if (!answer.ok) return answer;
  record = newMove(nova, s, to, 'cold');
  nova.world.happened({ kind: 'migrate-call', vm, from: s.host, to, by, how: 'cold' });
  nova.world.happened({ kind: 'restart-call', vm, host: s.host, by, wellSince, moves: true });
  return answer;
}

async function moving(nova: Nova, s: Server, record: Moving, to: HostId): Promise<void> {
  const { world } = nova;
  const why = nova.placing.refusal(s.vm, to, (h) => nova.usable(h));
  if (why !== null) return refuseMove(nova, s, record, 'resize_prep', why);
  const from = s.host;
  const wasActive = s.vmState === 'active';
  nova.placing.allocate(s.vm, to);
  s.task = MIGRATING;
  record.status = 'migrating';
  const alive = goesOn(nova, s, s.task);
  world.endCopy(s.vm, from, 'shut-off', 'moved away');
  await world.timers.sleep(nova.prng.between(...nova.times.rebuildMs));
  const cannot = () => !alive() || s.deleted;
  if (cannot()) return;
  await nova.untilTakesMessages(to, cannot);
  if (cannot()) return;
  world.destroyCopy(s.vm, from, 'moved away');
  s.host = to;
  s.oldHost = from;
  if (wasActive) world.startCopy(s.vm, to, `moved from ${from}`);
  s.wasStopped = !wasActive;
  s.vmState = 'resized';
  s.task = null;
  record.status = 'finished';
}

const MIGRATING = 'resize_migrating';

/** A compute service that died while it moved a guest away takes it back. */
export function takeUpCold(nova: Nova, host: HostId): void {
  for (const s of nova.serversOn(host)) {
    const record = nova.moves.findLast((m) => m.vm === s.vm && m.status === 'migrating');
    if (s.task !== MIGRATING || record === undefined) continue;
    refuseMove(nova, s, record, MIGRATING, `the compute service of ${host} died in the middle`);
    if (s.vmState === 'active') nova.world.startCopy(s.vm, host, 'taken back');
  }
}

export const confirmMove = (nova: Nova, vm: VmId, by: string): Answer =>
  asked(nova, vm, { act: 'confirmResize', by, from: ['resized'], task: 'resize_confirming' }, async (s) => {
    s.task = null;
    if (s.oldHost !== null) nova.placing.release(vm, s.oldHost);
    s.oldHost = null;
    const record = nova.moves.findLast((m) => m.vm === vm && m.status === 'finished');
    if (record !== undefined) record.status = 'confirmed';
    s.vmState = s.wasStopped ? 'stopped' : 'active';
  });
