import type { Epoch, Outcome } from '@lifeboat/kernel';
import { epoch as asEpoch, done, failed, ok } from '@lifeboat/kernel';
import type { Admission, Clock, OperationLedger } from '@lifeboat/ports';
import type { Faults } from './faults.ts';
import { ask } from './faults.ts';

type Entry = Readonly<{ kind: 'running'; epoch: number; attempt: string }> | Readonly<{ kind: 'settled'; result: string }>;
interface Page {
  forgetAt: number;
  readonly entries: Map<string, Entry>;
}
interface Book {
  epoch: number;
  /** incident → its operations; an operation's id begins with its incident's. */
  readonly pages: Map<string, Page>;
}

const UNREACHABLE = failed('STORE_UNREACHABLE', 'the ledger in memory is switched off');
const incidentOf = (operation: string) => operation.split('/', 1)[0] as string;

/** Lives longer than the services on it. */
export class MemoryLedger implements OperationLedger {
  readonly #clock: Clock;
  readonly #faults: Faults;
  #book: Book = { epoch: 0, pages: new Map() };

  constructor(clock: Clock, faults: Faults = {}) {
    this.#clock = clock;
    this.#faults = faults;
  }

  /** The same content over a link with faults of its own. */
  client(faults: Faults): OperationLedger {
    const view = new MemoryLedger(this.#clock, faults);
    view.#book = this.#book;
    return view;
  }

  admit(operation: string, epoch: Epoch, attempt: string): Promise<Outcome<Admission, 'STALE_EPOCH' | 'STORE_UNREACHABLE'>> {
    return this.#gated(epoch, () => {
      const page = this.#page(operation);
      const entry = page.entries.get(operation);
      if (entry?.kind === 'settled') return entry;
      if (entry?.kind === 'running') return { kind: 'running' as const, epoch: asEpoch(entry.epoch), attempt: entry.attempt };
      page.entries.set(operation, { kind: 'running', epoch, attempt });
      return { kind: 'go' as const };
    });
  }

  settle(
    operation: string,
    epoch: Epoch,
    result: string,
    again: boolean,
  ): Promise<Outcome<undefined, 'STALE_EPOCH' | 'STORE_UNREACHABLE'>> {
    return this.#gated(epoch, () => {
      const entries = this.#page(operation).entries;
      // what is settled stays as it is: a late word must not open it again
      if (entries.get(operation)?.kind === 'settled') return undefined;
      if (again) entries.delete(operation);
      else entries.set(operation, { kind: 'settled', result });
      return undefined;
    });
  }

  claim(epoch: Epoch): Promise<Outcome<undefined, 'STALE_EPOCH' | 'STORE_UNREACHABLE'>> {
    return this.#gated(epoch, () => undefined);
  }

  async forget(incident: string, afterMs: number): Promise<Outcome<undefined, 'STORE_UNREACHABLE'>> {
    const sent = await ask(this.#clock, this.#faults, () => {
      const page = this.#book.pages.get(incident);
      if (page !== undefined) page.forgetAt = this.#clock.now() + afterMs;
      for (const [id, old] of this.#book.pages) if (old.forgetAt <= this.#clock.now()) this.#book.pages.delete(id);
    });
    return sent === null ? UNREACHABLE : done;
  }

  /** Everything in the book, for checkers and people who look. */
  entries(): ReadonlyMap<string, Entry> {
    return new Map([...this.#book.pages.values()].flatMap((p) => (p.forgetAt <= this.#clock.now() ? [] : [...p.entries])));
  }

  async #gated<T>(epoch: Epoch, effect: () => T): Promise<Outcome<T, 'STALE_EPOCH' | 'STORE_UNREACHABLE'>> {
    const sent = await ask(this.#clock, this.#faults, () => {
      if (epoch < this.#book.epoch) return failed('STALE_EPOCH', `ledger: epoch ${epoch} shown, ${this.#book.epoch} was seen`);
      this.#book.epoch = epoch;
      return ok(effect());
    });
    return sent === null ? UNREACHABLE : sent.answer;
  }

  #page(operation: string): Page {
    const incident = incidentOf(operation);
    let page = this.#book.pages.get(incident);
    if (page === undefined || page.forgetAt <= this.#clock.now()) {
      page = { forgetAt: Number.POSITIVE_INFINITY, entries: new Map() };
      this.#book.pages.set(incident, page);
    }
    return page;
  }
}
