import type { LifeboatEvent } from '@lifeboat/contracts';
import type { IncidentId, Instant, VmId } from '@lifeboat/kernel';
import type { Tell } from './invariants.ts';
import type { Fact, SimVm } from './model.ts';
import type { Nova } from './nova/nova.ts';
import type { World } from './world.ts';

/** Between the last look at a VM and the call lies a moment that no client can close; longer where the API is slow. */
const LOOKED_AWAY_MS = 1_500;

/** What the events say of single VMs that failed: which incidents are open, and which VMs were left as they are, visibly. */
export class VmFailuresSeen {
  readonly #open = new Map<IncidentId, { vm: VmId; since: Instant }>();
  readonly #left = new Map<VmId, 'alone' | 'to a person'>();
  readonly #stopped = new Map<VmId, Instant>();

  observe(e: LifeboatEvent, now: Instant): void {
    switch (e.type) {
      case 'lifeboat.restart.requested':
        if (!this.#open.has(e.data.incident)) this.#open.set(e.data.incident, { vm: e.data.vm, since: now });
        break;
      case 'lifeboat.vm.recovered':
        this.#left.delete(e.data.vm);
        this.#open.delete(e.data.incident);
        break;
      case 'lifeboat.vm.left-alone':
      case 'lifeboat.vm.given-up':
        this.#left.set(e.data.vm, e.type === 'lifeboat.vm.left-alone' ? 'alone' : 'to a person');
        this.#open.delete(e.data.incident);
        break;
      // its host failed while it was being mended: an item with its reason and its actions, for a person
      case 'lifeboat.vm.unevacuable':
        this.#left.set(e.data.vm, 'to a person');
        break;
      case 'lifeboat.vm.handed-over':
        this.#open.delete(e.data.incident);
        break;
      default:
    }
  }

  /** It failed by itself, and a person was told that it is his now. */
  isLeftToPerson(vm: VmId): boolean {
    return this.#left.get(vm) === 'to a person';
  }

  ownerStopped(vm: VmId, now: Instant): void {
    this.#stopped.set(vm, now);
  }

  /** (ix) A VM that runs well is not restarted, nor one that its owner has stopped. */
  restartsTheWell(f: Extract<Fact, { kind: 'restart-call' }>, nova: Nova, now: Instant, tell: Tell): string | null {
    if (f.by === 'owner') return null;
    const seenBefore = now - LOOKED_AWAY_MS - nova.api.extraLatencyMs;
    const stopped = this.#stopped.get(f.vm);
    if (nova.world.vm(f.vm).ownerStopped && stopped !== undefined && stopped < seenBefore)
      return `${f.by} asked Nova to restart VM ${f.vm} on ${f.host}, which its owner had stopped at ${tell(stopped)}`;
    if (f.wellSince === null || f.wellSince >= seenBefore) return null;
    return `${f.by} asked Nova to restart VM ${f.vm} on ${f.host}, which has been running well there since ${tell(f.wellSince)}`;
  }

  /** (x) Every VM that failed by itself runs again, or was left as it is with a reason that was told. */
  forgotten(world: World, nova: Nova): readonly string[] {
    const found: string[] = [];
    for (const v of world.vms.values()) {
      const how = failedAs(v, nova);
      if (how !== null && !this.#left.has(v.spec.vm)) found.push(`VM ${v.spec.vm} is ${how}: forgotten`);
      else if (pausedByLifeboat(v, nova) && this.#left.get(v.spec.vm) !== 'to a person')
        found.push(`VM ${v.spec.vm} is paused because Lifeboat asked for it, and nobody else wants it so: forgotten`);
    }
    for (const [incident, { vm, since }] of this.#open)
      if (!world.vm(vm).deleted) found.push(`${incident} about VM ${vm}, open since ${world.tell(since)}, was never ended`);
    return found;
  }
}

/** The first half of a resume, whose second half never came. */
function pausedByLifeboat(v: SimVm, nova: Nova): boolean {
  const server = nova.server(v.spec.vm);
  const [newest] = nova.acts(v.spec.vm);
  if (v.deleted || server?.vmState !== 'paused' || server.task !== null || server.locked) return false;
  return newest?.act === 'pause' && newest.by !== null && newest.by !== 'owner';
}

/** How a VM that ought to run has failed on the host where Nova has it; null: it has not. */
function failedAs(v: SimVm, nova: Nova): string | null {
  const server = nova.server(v.spec.vm);
  if (v.deleted || v.ownerStopped || server === undefined) return null;
  const copy = v.copies.get(server.host);
  if (copy !== undefined) return copy.state === 'hung' || copy.state === 'io-error' ? `${copy.state} on ${server.host}` : null;
  return v.defined.get(server.host)?.state === 'crashed' ? `crashed on ${server.host}` : null;
}
