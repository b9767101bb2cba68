import { at } from '../arrays.ts';

const EMPTY = -1;
/** Type, rack, count and a spare beside one another: one look-up touches one line of the cache. */
const WIDTH = 4;

/**
 * How many VMs of a business type stand in a rack. Most pairs are zero in a large region, and there may be as many
 * types as VMs: so an open-addressing table of the pairs that occur.
 */
export class CountTable {
  #cells = new Int32Array(64 * WIDTH).fill(EMPTY);
  #filled = 0;

  get bytes(): number {
    return this.#cells.byteLength;
  }

  #cell(type: number, rack: number): number {
    const cells = this.#cells;
    const mask = cells.length / WIDTH - 1;
    let h = Math.imul(type, 0x9e3779b1) ^ Math.imul(rack + 1, 0x85ebca6b);
    h = (h ^ (h >>> 15)) & mask;
    while (at(cells, h * WIDTH) !== EMPTY && (at(cells, h * WIDTH) !== type || at(cells, h * WIDTH + 1) !== rack)) h = (h + 1) & mask;
    return h * WIDTH;
  }

  get(type: number, rack: number): number {
    const c = this.#cell(type, rack);
    return at(this.#cells, c) === EMPTY ? 0 : at(this.#cells, c + 2);
  }

  add(type: number, rack: number, by: number): void {
    const c = this.#cell(type, rack);
    if (at(this.#cells, c) !== EMPTY) {
      this.#cells[c + 2] = at(this.#cells, c + 2) + by;
      return;
    }
    this.#cells[c] = type;
    this.#cells[c + 1] = rack;
    this.#cells[c + 2] = by;
    this.#filled += 1;
    if (2 * WIDTH * this.#filled > this.#cells.length) this.#rebuild();
  }

  /** Drops pairs that are back at zero, and makes room. */
  #rebuild(): void {
    const old = this.#cells;
    let live = 0;
    for (let c = 0; c < old.length; c += WIDTH) if (at(old, c) !== EMPTY && at(old, c + 2) !== 0) live += 1;
    let size = 64;
    while (size < 4 * live) size *= 2;
    this.#cells = new Int32Array(size * WIDTH).fill(EMPTY);
    this.#filled = 0;
    for (let c = 0; c < old.length; c += WIDTH)
      if (at(old, c) !== EMPTY && at(old, c + 2) !== 0) this.add(at(old, c), at(old, c + 1), at(old, c + 2));
  }
}
