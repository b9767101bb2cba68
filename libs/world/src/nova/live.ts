import { done, failed, type HostId, type Outcome, type VmId } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';
import { type Moving, newMove, refuseMove } from './moves.ts';
import type { Nova } from './nova.ts';
import type { Server } from './state.ts';

/**
 * Live migration, as Nova and libvirt do it: answered at once, looked at later. The source's compute service leads it; what
 * dies in the middle leaves a record that says 'running' for ever, and a guest that is at either end, or at none.
 */
export function liveMigrate(nova: Nova, vm: VmId, to: HostId, by: string): Outcome<undefined, CloudFailure> {
  const s = nova.server(vm);
  if (s === undefined) return failed('CLOUD_NOT_FOUND', `Instance ${vm} could not be found.`);
  if (nova.service(to) === undefined) return failed('CLOUD_REFUSED', `Compute host ${to} could not be found.`);
  if ((s.vmState !== 'active' && s.vmState !== 'paused') || s.task !== null)
    return failed(
      'CLOUD_CONFLICT',
      `Cannot 'os-migrateLive' instance ${vm} while it is in vm_state ${s.vmState}, task_state ${s.task ?? 'none'}`,
    );
  nova.noteAct(vm, 'live-migration', by);
  nova.world.happened({ kind: 'migrate-call', vm, from: s.host, to, by, how: 'live' });
  s.task = TASK;
  const move = newMove(nova, s, to, 'live');
  nova.world.timers.spawn(() => migrating(nova, s, move, to));
  return done;
}

const TASK = 'migrating';
const STEP_MS = 500;
/** Calls between compute services are waited for so long. */
const RPC_LIMIT_MS = 60_000;

export function abortMigration(nova: Nova, vm: VmId, id: string): Outcome<undefined, CloudFailure> {
  const s = nova.server(vm);
  if (s === undefined) return failed('CLOUD_NOT_FOUND', `Instance ${vm} could not be found.`);
  if (s.task !== TASK) return failed('CLOUD_CONFLICT', `Instance ${vm} is in an invalid state for 'abort live migration'`);
  const move = nova.moves.find((m) => m.id === id && m.vm === vm);
  if (move === undefined) return failed('CLOUD_NOT_FOUND', `Migration ${id} of ${vm} could not be found.`);
  if (move.how !== 'live' || !['queued', 'preparing', 'running'].includes(move.status))
    return failed('CLOUD_REFUSED', `Migration ${id} state of instance ${vm} is ${move.status}. Cannot abort while in this state.`);
  move.aborting = true;
  return done;
}

async function migrating(nova: Nova, s: Server, move: Moving, to: HostId): Promise<void> {
  const { world, times, prng } = nova;
  await world.timers.sleep(prng.between(...times.scheduleMs));
  const source = move.from;
  const life = world.host(source).computeLife;
  const sourceLost = () => !world.host(source).compute || world.host(source).computeLife !== life;
  const why = to === source ? 'the target is the source' : nova.placing.refusal(s.vm, to, (h) => nova.usable(h));
  if (why !== null || !nova.usable(to) || s.deleted) return refuseMove(nova, s, move, TASK, why ?? 'no valid host');
  const service = nova.service(source);
  if (service === undefined || !nova.up(service)) return refuseMove(nova, s, move, TASK, `the compute service of ${source} is down`);
  nova.placing.allocate(s.vm, to);
  if (!nova.takesMessages(to) || !nova.takesMessages(source)) {
    await world.timers.sleep(RPC_LIMIT_MS);
    return refuseMove(nova, s, move, TASK, 'a compute service did not answer');
  }
  move.status = 'queued';
  const slots = nova.outgoing.get(source);
  if (slots === undefined) throw new Error(`no slots for migrations away from ${source}`);
  await slots.take();
  try {
    if (sourceLost()) return;
    move.status = 'preparing';
    await world.timers.sleep(prng.between(...times.scheduleMs));
    if (sourceLost()) return; // nobody takes it up again, and no record says so
    if (prng.chance(nova.api.liveRefused)) return refuseMove(nova, s, move, TASK, 'Unacceptable CPU info');
    await copying(nova, s, move, to, sourceLost);
  } finally {
    slots.give();
  }
}

/** Memory is copied while the guest runs; at the end it goes on at the other side. */
async function copying(nova: Nova, s: Server, move: Moving, to: HostId, sourceLost: () => boolean): Promise<void> {
  const { world, prng, times } = nova;
  const source = move.from;
  const targetLife = world.host(to).life;
  const targetLost = () => !world.powered(to) || world.host(to).life !== targetLife;
  const sourceLife = world.host(source).life;
  const poweredOff = () => !world.powered(source) || world.host(source).life !== sourceLife;
  const takesMs = prng.chance(nova.api.liveHanging) ? Number.POSITIVE_INFINITY : prng.between(...times.liveMs);
  move.status = 'running';
  for (let spent = 0; spent < takesMs; spent += STEP_MS) {
    await world.timers.sleep(Math.min(STEP_MS, takesMs - spent));
    if (poweredOff()) return;
    if (s.deleted) return refuseMove(nova, s, move, TASK, 'the VM was deleted');
    // without its compute service libvirt goes on by itself, and nobody may end it
    if (sourceLost()) continue;
    if (targetLost()) return refuseMove(nova, s, move, TASK, `${to} was lost`, 'failed');
    if (move.aborting) return refuseMove(nova, s, move, TASK, 'aborted', 'cancelled');
  }
  if (targetLost() || prng.chance(nova.api.liveFailing) || !switchOver(nova, s.vm, source, to)) {
    if (!sourceLost()) refuseMove(nova, s, move, TASK, 'libvirt could not migrate it', 'failed');
    return;
  }
  if (sourceLost()) return;
  move.status = 'post-migrating';
  await world.timers.sleep(prng.between(...times.claimMs));
  await nova.untilTakesMessages(source, sourceLost);
  await nova.untilTakesMessages(to, () => sourceLost() || targetLost());
  if (sourceLost() || targetLost() || s.task !== TASK || s.host !== source || s.deleted) return;
  s.host = to;
  s.task = null;
  nova.placing.release(s.vm, source);
  move.status = 'completed';
  world.trace.add(world.now(), 'nova', `migration ${move.id} of ${s.vm}: completed on ${to}`);
}

/** False: it does not run on its source any more, or its disk has failed there. */
function switchOver(nova: Nova, vm: VmId, from: HostId, to: HostId): boolean {
  const copy = nova.world.vm(vm).copies.get(from);
  if (copy === undefined || copy.state === 'io-error' || nova.world.host(to).os !== 'up') return false;
  const { state } = copy;
  nova.world.destroyCopy(vm, from, `live-migrated to ${to}`);
  nova.world.startCopy(vm, to, `live-migrated from ${from}`);
  if (state === 'hung' || state === 'paused') nova.world.ailVm(vm, state);
  return true;
}

/** A compute service that starts sets free what it was migrating away; the record stays as it was. */
export function takeUpLive(nova: Nova, host: HostId): void {
  for (const s of nova.serversOn(host)) if (s.task === TASK) s.task = null;
}
