import { at, pick, range, sortByKey } from '../arrays.ts';
import type { VmTable } from '../model/vms.ts';

export interface Choice {
  readonly first: number;
  readonly second: number;
}

/** Items as they come up, in columns; they get their order at the end. */
export class Drafts {
  /** The item's VM; its first one, where several go together. */
  readonly vm: number[] = [];
  readonly shape: number[] = [];
  readonly first: number[] = [];
  readonly second: number[] = [];
  readonly pin: number[] = [];
  /** 0: one that a hard group keeps apart, seated before its likes, while there is choice; 1: any other. */
  readonly free: number[] = [];
  /** All VMs of the items that are more than one. */
  readonly together = new Map<number, readonly number[]>();

  add(vm: number, shape: number, { first, second }: Choice, pin: number, apart: boolean): void {
    this.vm.push(vm);
    this.shape.push(shape);
    this.first.push(first);
    this.second.push(second);
    this.pin.push(pin);
    this.free.push(apart ? 0 : 1);
  }

  addTogether(rows: readonly number[], shape: number, choice: Choice, pin: number): void {
    if (rows.length > 1) this.together.set(this.vm.length, rows);
    this.add(pick(rows, 0), shape, choice, pin, false);
  }

  /** Planning order: priority, then large before small, then those kept apart, then the VM's fingerprint. */
  inOrder(vms: VmTable, ranks: Int32Array): Int32Array {
    const n = this.vm.length;
    const key = new Float64Array(n);
    for (let d = 0; d < n; d++) {
      const v = pick(this.vm, d);
      const size = Math.min(2 ** 14 - 1, at(ranks, pick(this.shape, d)));
      const kind = (at(vms.priority, v) * 2 ** 14 + size) * 2 + pick(this.free, d);
      key[d] = kind * 2 ** 28 + ((at(vms.fingerprint, v) >>> 4) & 0xfffffff);
    }
    return sortByKey(range(0, n), key, (a, b) => (vms.id(pick(this.vm, a)) < vms.id(pick(this.vm, b)) ? -1 : 1));
  }
}
