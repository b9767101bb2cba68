import { createHash } from 'node:crypto';
import type { Instant } from '@lifeboat/kernel';

/**
 * What happened, one line each: `time actor what`. The running hash tells whether two runs of one seed were the same;
 * the lines tell a failing seed as a story.
 */
export class Trace {
  readonly #hash = createHash('sha256');
  readonly #keep: number;
  #lines: string[] = [];
  #count = 0;

  readonly #start: Instant;

  /** `start`: what 0 is; `keep`: how many lines are held for the story (the hash takes them all). */
  constructor(start: Instant, options: { readonly keep?: number } = {}) {
    this.#start = start;
    this.#keep = options.keep ?? 100_000;
  }

  add(at: Instant, actor: string, what: string): void {
    const line = `${((at - this.#start) / 1000).toFixed(3)} ${actor} ${what}`;
    this.#hash.update(line).update('\n');
    this.#count++;
    this.#lines.push(line);
    // dropped in halves: shifting one by one would cost a copy a line
    if (this.#lines.length > 2 * this.#keep) this.#lines = this.#lines.slice(-this.#keep);
  }

  get count(): number {
    return this.#count;
  }

  /** The last lines, oldest first; all when `last` is not given (as far as they were kept). */
  lines(last = this.#keep): readonly string[] {
    return last <= 0 ? [] : this.#lines.slice(-Math.min(last, this.#keep));
  }

  /** Only the lines that name one of these (a host, a VM, an incident). */
  about(...names: readonly string[]): readonly string[] {
    return this.lines().filter((l) => names.some((n) => l.includes(n)));
  }

  hash(): string {
    return this.#hash.copy().digest('hex').slice(0, 32);
  }
}
