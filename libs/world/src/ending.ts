import type { EventOf } from '@lifeboat/contracts';
import type { HostId, Instant, VmId } from '@lifeboat/kernel';
import type { IncidentSeen } from './checker.ts';
import type { Tell } from './invariants.ts';
import type { SimVm } from './model.ts';
import { arrived } from './nova/moves.ts';
import type { Nova } from './nova/nova.ts';
import type { World } from './world.ts';

type Report = EventOf<'lifeboat.incident.closed'>['data']['vms'];

/** A VM called unevacuable may run well elsewhere for this long before the report is called untrue. */
const GRACE_MS = 60_000;

export const incidentsLeftOpen = (incidents: readonly IncidentSeen[], tell: Tell): readonly string[] =>
  incidents
    .filter((i) => i.closedAt === null)
    .map(
      (i) =>
        `${i.incident} (${i.hosts.join(', ')}), open since ${tell(i.openedAt)}, was never closed${i.waitingFor === null ? '' : `; it waits for ${i.waitingFor}`}`,
    );

const ranSince = (v: SimVm, host: HostId, since: Instant) => v.runs.some((r) => r.host === host && (r.to === null || r.to > since));
/** A migration has brought it (back) to this host. */
const cameBack = (nova: Nova, vm: VmId, host: HostId, since: Instant) =>
  nova.moves.some((m) => m.vm === vm && m.to === host && m.createdAt > since && arrived.has(m.status));
const startedSince = (v: SimVm, host: HostId, since: Instant) => v.runs.some((r) => r.host === host && r.from > since);

/** An agent's word of a guest that has just begun to run is on its way for so long. */
const HEARD_MS = 2_000;

/** (vii) What a closed incident says of its VMs, against what is so. */
export function reportIsTrue(world: World, nova: Nova, i: IncidentSeen, report: Report, incidents: readonly IncidentSeen[]): string[] {
  const untrue: string[] = [];
  const told = new Set<VmId>();
  const says = (vm: VmId, what: string, but: string) => untrue.push(`the report of ${i.incident} says that VM ${vm} ${what}, but ${but}`);
  for (const r of report) {
    if (told.has(r.vm)) says(r.vm, 'came to several ends', 'each VM has one');
    told.add(r.vm);
    const v = world.vms.get(r.vm);
    if (v === undefined) {
      says(r.vm, 'existed', 'there never was such a VM');
      continue;
    }
    const but = contradiction(world, nova, i, v, r, incidents);
    if (but !== null) says(r.vm, `is ${r.outcome}${r.host === undefined ? '' : ` on ${r.host}`}`, but);
  }
  for (const [vm, { host }] of i.vms) {
    if (told.has(vm) || world.vm(vm).deleted) continue;
    const v = world.vm(vm);
    const crashed = v.runs.at(-1)?.crashed === true;
    const stayed = !i.isolated.has(host) && (v.copies.has(host) || v.ownerStopped || crashed);
    if (!stayed) untrue.push(`the report of ${i.incident} forgets VM ${vm}, which was on ${host} when it was opened`);
  }
  return untrue;
}

function contradiction(
  world: World,
  nova: Nova,
  i: IncidentSeen,
  v: SimVm,
  r: Report[number],
  incidents: readonly IncidentSeen[],
): string | null {
  const server = nova.server(v.spec.vm);
  switch (r.outcome) {
    case 'gone':
      return v.deleted ? null : 'its owner did not delete it';
    case 'unevacuable': {
      // paused by its failed disk, or hung, it does not run, wherever it has come to
      const elsewhere = [...v.copies].find(([h, c]) => !i.hosts.includes(h) && c.state === 'running' && world.now() - c.since > GRACE_MS);
      if ((r.reason ?? '') === '') return 'no reason is given';
      // it had gone over when its host failed, which Nova never heard of: a person must see to that, and is told where it runs
      const names = (host: HostId) =>
        [`its guest runs on ${host} `, ` to ${host} is not decided`].some((x) => (r.reason ?? '').includes(x));
      if (elsewhere !== undefined && names(elsewhere[0])) return null;
      return elsewhere === undefined ? null : `it has been running on ${elsewhere[0]} since ${world.tell(elsewhere[1].since)}`;
    }
    case 'handed-over': {
      const another = incidents.some(
        (o) => o !== i && (o.vms.has(v.spec.vm) || o.inHand.has(v.spec.vm) || (server !== undefined && o.hosts.includes(server.host))),
      );
      return another || v.deleted ? null : 'no other incident has it';
    }
    case 'stopped':
      if (v.deleted) return null;
      if ([...v.copies.values()].some((c) => world.now() - c.startedAt > HEARD_MS)) return `it runs on ${[...v.copies.keys()].join(', ')}`;
      return r.host === undefined || server?.host === r.host ? null : `Nova has it on ${server?.host}`;
    case 'running': {
      if (v.deleted) return null;
      if (r.host === undefined) return 'no host is named';
      const ran = i.isolated.has(r.host) ? startedSince(v, r.host, i.openedAt) : ranSince(v, r.host, i.openedAt);
      return ran ? null : `it has not run there since ${world.tell(i.openedAt)}`;
    }
  }
}

/** (iii) Every VM ends in exactly one way. What no incident ever knew of is told as a note. */
export function vmsForgotten(
  world: World,
  nova: Nova,
  incidents: readonly IncidentSeen[],
  toPersons: Readonly<{ itself: (vm: VmId) => boolean; byDrain: (vm: VmId) => Instant | undefined }>,
): { forgotten: string[]; notes: string[] } {
  const forgotten: string[] = [];
  const notes: string[] = [];
  for (const v of world.vms.values()) {
    const server = nova.server(v.spec.vm);
    if (v.deleted || server === undefined) continue;
    const running = [...v.copies.keys()];
    const well = running.length === 1 && running[0] === server.host && server.task === null && server.vmState === 'active';
    const last = lastIncidentOf(v, server.host, incidents);
    const leftBehind =
      last?.isolated.has(server.host) &&
      last.hosts.includes(server.host) &&
      !startedSince(v, server.host, last.openedAt) &&
      !cameBack(nova, v.spec.vm, server.host, last.openedAt);
    const stoppedBefore = v.ownerStopped || last?.vms.get(v.spec.vm)?.stopped === true;
    const stopped = stoppedBefore && running.length === 0 && server.vmState === 'stopped' && server.task === null && !leftBehind;
    if (well || stopped) continue;
    const is = `VM ${v.spec.vm} ends as ${server.vmState}${server.task === null ? '' : `/${server.task}`} on ${server.host} by Nova, running on ${running.join(', ') || 'no host'}`;
    if (last === null) notes.push(`${is}; no incident was ever opened about it`);
    // it had been seen well on its new host, and then failed there by itself
    else if (last.verified.has(v.spec.vm) && toPersons.itself(v.spec.vm)) notes.push(`${is}; left to a person`);
    else if (!last.unevacuable.has(v.spec.vm) && !toldSince(v, incidents, toPersons.byDrain(v.spec.vm)))
      forgotten.push(`${is}: forgotten by ${last.incident}`);
  }
  return { forgotten, notes };
}

/** Its target failed in the middle of its move: who had it in hand, an incident or a drain, not the target's incident, told its end. */
const toldSince = (v: SimVm, incidents: readonly IncidentSeen[], leftByDrain: Instant | undefined): boolean => {
  const ended = v.runs.at(-1)?.to ?? null;
  if (ended !== null && leftByDrain !== undefined && leftByDrain >= ended) return true;
  return ended !== null && incidents.some((i) => i.unevacuable.has(v.spec.vm) && i.closedAt !== null && i.closedAt >= ended);
};

/** The newest incident that had to do with this VM: it was on its hosts then, or its last run ended there during it. */
function lastIncidentOf(v: SimVm, host: HostId, incidents: readonly IncidentSeen[]): IncidentSeen | null {
  const run = v.runs.at(-1);
  const endedOn = run === undefined || run.to === null ? null : run;
  const mine = incidents.filter(
    (i) =>
      i.vms.has(v.spec.vm) ||
      (endedOn !== null &&
        i.hosts.includes(endedOn.host) &&
        (i.closedAt === null || (endedOn.to ?? 0) <= i.closedAt) &&
        (endedOn.to ?? 0) >= i.openedAt) ||
      (i.hosts.includes(host) && i.closedAt === null),
  );
  const last = mine.at(-1) ?? null;
  if (last === null || endedOn === null) return last;
  // the guest crashed by itself on a host that was never isolated: a VM failure of its own
  if (endedOn.crashed === true && !last.isolated.has(endedOn.host)) return null;
  // it ran well after that incident was over, or this very run was seen on its new host: what ended it later is none of its doing
  const seen = !last.hosts.includes(endedOn.host) && (last.verified.get(v.spec.vm) ?? -1) >= endedOn.from;
  const endedAt = endedOn.to ?? 0;
  const over = last.closedAt !== null && endedAt > last.closedAt;
  const another = incidents.some((i) => i.openedAt >= endedAt && i.vms.has(v.spec.vm));
  return (seen || over) && !another ? null : last;
}
