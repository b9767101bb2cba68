import { at, grown } from '../arrays.ts';
import { NOWHERE } from '../model/hosts.ts';

/** What became of a VM in a rehearsal: a host row, or one of these. */
export const NO_ROOM = -1;
export const NEVER = -2;

/** Where each VM would go, and per host the list of those that count on it: so a changed host finds them at once. */
export class Refuges {
  #of: Int32Array = new Int32Array(0);
  #first: Int32Array = new Int32Array(0);
  #next: Int32Array = new Int32Array(0);
  #previous: Int32Array = new Int32Array(0);

  widen(vms: number, hosts: number): void {
    this.#of = grown(this.#of, vms, NO_ROOM);
    this.#next = grown(this.#next, vms, NOWHERE);
    this.#previous = grown(this.#previous, vms, NOWHERE);
    this.#first = grown(this.#first, hosts, NOWHERE);
  }

  of(vm: number): number {
    return at(this.#of, vm);
  }

  set(vm: number, host: number): void {
    const before = at(this.#of, vm);
    if (before === host) return;
    if (before >= 0) this.#leave(vm, before);
    this.#of[vm] = host;
    if (host >= 0) this.#join(vm, host);
  }

  /** The first VM that counts on a host, and the one after it; NOWHERE ends the list. It may name VMs that are gone. */
  first(host: number): number {
    return at(this.#first, host);
  }

  next(vm: number): number {
    return at(this.#next, vm);
  }

  #leave(vm: number, host: number): void {
    const [previous, next] = [at(this.#previous, vm), at(this.#next, vm)];
    if (previous === NOWHERE) this.#first[host] = next;
    else this.#next[previous] = next;
    if (next !== NOWHERE) this.#previous[next] = previous;
  }

  #join(vm: number, host: number): void {
    const next = at(this.#first, host);
    this.#next[vm] = next;
    this.#previous[vm] = NOWHERE;
    if (next !== NOWHERE) this.#previous[next] = vm;
    this.#first[host] = vm;
  }
}
