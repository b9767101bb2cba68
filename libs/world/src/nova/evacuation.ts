import type { HostId } from '@lifeboat/kernel';
import type { Nova } from './nova.ts';
import type { Work } from './state.ts';

/**
 * What Nova does after it has answered: schedule, send to the target's compute service, claim, rebuild, switch.
 * The task it finds and leaves is how its parts know of each other: a task reset under way lets a late part go wrong.
 */
export async function evacuation(nova: Nova, work: Work): Promise<void> {
  try {
    const target = await schedule(nova, work);
    if (target !== null) await onTarget(nova, work, target);
  } finally {
    work.phase = 'over';
  }
}

async function schedule(nova: Nova, work: Work): Promise<HostId | null> {
  const { server, migration } = work;
  await nova.conductors.take();
  try {
    await nova.world.timers.sleep(nova.prng.between(...nova.times.scheduleMs));
  } finally {
    nova.conductors.give();
  }
  if (server.deleted) {
    migration.status = 'error';
    return null;
  }
  const usable = (h: HostId) => nova.usable(h);
  const fits =
    work.wanted === null
      ? nova.placing.choose(server.vm, server.host, usable)
      : nova.placing.refusal(server.vm, work.wanted, usable) === null
        ? work.wanted
        : null;
  if (fits === null) {
    server.vmState = 'error';
    server.task = null;
    server.fault = 'No valid host was found. There are not enough hosts available.';
    server.storageLocked = false;
    migration.status = 'error';
    note(nova, work, 'no valid host');
    return null;
  }
  nova.placing.allocate(server.vm, fits);
  migration.to = fits;
  return fits;
}

async function onTarget(nova: Nova, work: Work, target: HostId): Promise<void> {
  work.phase = 'queued';
  await nova.untilTakesMessages(target);
  const slots = nova.builds.get(target);
  if (slots === undefined) throw new Error(`no build slots for ${target}`);
  await slots.take();
  try {
    work.phase = 'building';
    await build(nova, work, target);
  } finally {
    slots.give();
  }
}

async function build(nova: Nova, work: Work, target: HostId): Promise<void> {
  const { server, migration } = work;
  const { timers } = nova.world;
  const life = nova.world.host(target).computeLife;
  /** The compute service that was doing this died: nobody takes it up again, and no record says so. */
  const lost = () => !nova.world.host(target).compute || nova.world.host(target).computeLife !== life;
  work.lost = lost;
  const step = async (range: readonly [number, number]) => {
    await timers.sleep(nova.prng.between(...range));
    if (lost()) note(nova, work, `lost: the compute service of ${target} died during it`);
    return !lost();
  };

  if (server.deleted || server.task !== 'rebuilding') return fail(nova, work, target, 'the VM is not waiting for it any more');
  if (!(await step(nova.times.claimMs))) return;
  const arriving = nova.work.filter((w) => w !== work && w.claimed && w.phase === 'building' && w.migration.to === target);
  const late = nova.placing.groupRefusal(server.vm, target, new Set(arriving.map((w) => w.server.vm)));
  if (late !== null) {
    server.task = null; // vm_state stays what it was: only the record tells
    return fail(nova, work, target, late);
  }
  work.claimed = true;
  migration.status = 'pre-migrating';
  server.task = 'rebuild_block_device_mapping';
  if (!(await step(nova.times.rebuildMs))) return;
  if (nova.prng.chance(nova.api.rebuildFailing)) {
    server.vmState = 'error';
    server.task = null;
    server.fault = 'the rebuild failed on its target';
    server.storageLocked = false;
    return fail(nova, work, target, 'rebuild failed');
  }
  if (server.deleted) return fail(nova, work, target, 'the VM was deleted');
  if (nova.world.diskLocked(server.vm)) {
    server.vmState = 'error';
    server.task = null;
    server.fault = 'libvirtError: Failed to get "write" lock';
    server.storageLocked = true;
    return fail(nova, work, target, 'its disk is locked');
  }
  nova.world.startCopy(server.vm, target, `evacuated from ${migration.from}`);
  // the guest runs; until the compute service can say so, Nova has it on its old host still
  await nova.untilTakesMessages(target, lost);
  if (lost()) return note(nova, work, `lost: the compute service of ${target} died before it could say that the guest runs`);
  if (server.deleted) return nova.world.destroyCopy(server.vm, target, 'deleted meanwhile');
  if (server.stuck) return getStuck(nova, work, target);
  if (server.task !== 'rebuild_block_device_mapping') {
    server.vmState = 'error';
    return fail(nova, work, target, 'its task was reset under it; the guest was started nevertheless');
  }
  if (work.wasStopped) {
    server.task = 'powering-off';
    if (!(await step([300, 900]))) return;
    nova.world.endCopy(server.vm, target, 'shut-off', 'was stopped before');
  }
  server.host = target;
  server.vmState = work.wasStopped ? 'stopped' : 'active';
  server.task = null;
  server.fault = null;
  server.storageLocked = false;
  // the source's compute service may have come back and closed the record meanwhile
  if (migration.status === 'pre-migrating') migration.status = 'done';
  note(nova, work, `done on ${target}`);
}

function fail(nova: Nova, work: Work, target: HostId, why: string): void {
  work.migration.status = 'failed';
  // a second work on the same target may hold the same allocation
  if (work.server.host !== target) nova.placing.release(work.server.vm, target);
  note(nova, work, `failed: ${why}`);
}

/** Seen in 4 of 4 tries: ACTIVE on the new host for a moment, then neither here nor there for good. */
async function getStuck(nova: Nova, work: Work, target: HostId): Promise<void> {
  const { server, migration } = work;
  const first = !nova.work.some((w) => w !== work && w.server === server && w.migration.status === 'failed');
  if (first) {
    server.host = target;
    server.vmState = 'active';
    server.task = null;
    await nova.world.timers.sleep(nova.prng.between(300, 1_300));
    migration.status = 'failed';
  } else migration.status = 'accepted';
  server.vmState = 'error';
  server.task = 'rebuilding';
  note(nova, work, 'stuck: it was evacuated twice at once');
}

const note = (nova: Nova, work: Work, what: string): void =>
  nova.world.trace.add(nova.world.now(), 'nova', `evacuation ${work.migration.id} of ${work.server.vm}: ${what}`);
