import { at, grown } from '../arrays.ts';

/** Up to so many racks a type's counts are a list of pairs; beyond, a row with one number per rack. */
const PAIRS = 8;

/**
 * How many VMs of a business type stand in a rack. Common types stand everywhere and are read as a whole row; rare ones
 * may be as many as there are VMs, and stay small.
 */
export class CountTable {
  readonly #rows: (Int32Array | undefined)[] = [];
  /** Rack and count by turns; used until the type outgrows it. */
  readonly #pairs: (number[] | undefined)[] = [];

  get(type: number, rack: number): number {
    const row = this.#rows[type];
    if (row) return rack < row.length ? at(row, rack) : 0;
    const pairs = this.#pairs[type];
    for (let x = 0; pairs && x < pairs.length; x += 2) if (pairs[x] === rack) return pairs[x + 1] as number;
    return 0;
  }

  add(type: number, rack: number, by: number): void {
    const row = this.#rows[type];
    if (row) {
      const wide = grown(row, rack + 1);
      wide[rack] = at(wide, rack) + by;
      this.#rows[type] = wide;
      return;
    }
    const pairs = this.#pairs[type] ?? [];
    this.#pairs[type] = pairs;
    for (let x = 0; x < pairs.length; x += 2) {
      if (pairs[x] !== rack) continue;
      pairs[x + 1] = (pairs[x + 1] as number) + by;
      return;
    }
    if (pairs.length < 2 * PAIRS) pairs.push(rack, by);
    else this.#widen(type, pairs, rack, by);
  }

  /** Copies a type's counts into a plan's own table. */
  copy(type: number, to: Int32Array, offset: number, racks: number): void {
    const row = this.#rows[type];
    if (row) to.set(row.length > racks ? row.subarray(0, racks) : row, offset);
    const pairs = this.#pairs[type];
    for (let x = 0; pairs && x < pairs.length; x += 2) to[offset + (pairs[x] as number)] = pairs[x + 1] as number;
  }

  #widen(type: number, pairs: readonly number[], rack: number, by: number): void {
    this.#rows[type] = new Int32Array(64);
    this.#pairs[type] = undefined;
    for (let x = 0; x < pairs.length; x += 2) this.add(type, pairs[x] as number, pairs[x + 1] as number);
    this.add(type, rack, by);
  }
}
