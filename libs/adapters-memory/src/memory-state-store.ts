import type { Epoch, Outcome } from '@lifeboat/kernel';
import { failed, ok } from '@lifeboat/kernel';
import type { Changes, Clock, StateStore, StoredTables } from '@lifeboat/ports';
import type { Faults } from './faults.ts';
import { ask } from './faults.ts';

interface Kept {
  epoch: number;
  readonly tables: Map<string, Map<string, string>>;
}

const UNREACHABLE = failed('STORE_UNREACHABLE', 'the store in memory is switched off');

/** Lives longer than the services on it: what they committed survives their restarts. */
export class MemoryStateStore implements StateStore {
  readonly #clock: Clock;
  readonly #faults: Faults;
  #services = new Map<string, Kept>();

  constructor(clock: Clock, faults: Faults = {}) {
    this.#clock = clock;
    this.#faults = faults;
  }

  /** The same content over a link with faults of its own. */
  client(faults: Faults): StateStore {
    const view = new MemoryStateStore(this.#clock, faults);
    view.#services = this.#services;
    return view;
  }

  claim(service: string, epoch: Epoch): Promise<Outcome<StoredTables, 'STALE_EPOCH' | 'STORE_UNREACHABLE'>> {
    return this.#gated(service, epoch, snapshot);
  }

  commit(service: string, epoch: Epoch, changes: Changes): Promise<Outcome<undefined, 'STALE_EPOCH' | 'STORE_UNREACHABLE'>> {
    return this.#gated(service, epoch, (kept) => apply(kept, changes));
  }

  async read(service: string): Promise<Outcome<StoredTables, 'STORE_UNREACHABLE'>> {
    const sent = await ask(this.#clock, this.#faults, () => ok(snapshot(this.#kept(service))));
    return sent === null ? UNREACHABLE : sent.answer;
  }

  connected(): boolean {
    return this.#faults.available?.() !== false;
  }

  async close(): Promise<void> {}

  async #gated<T>(service: string, epoch: Epoch, effect: (kept: Kept) => T): Promise<Outcome<T, 'STALE_EPOCH' | 'STORE_UNREACHABLE'>> {
    const sent = await ask(this.#clock, this.#faults, () => {
      const kept = this.#kept(service);
      if (epoch < kept.epoch) return failed('STALE_EPOCH', `${service}: epoch ${epoch} shown, ${kept.epoch} was seen`);
      kept.epoch = epoch;
      return ok(effect(kept));
    });
    return sent === null ? UNREACHABLE : sent.answer;
  }

  #kept(service: string): Kept {
    let kept = this.#services.get(service);
    if (kept === undefined) {
      kept = { epoch: 0, tables: new Map() };
      this.#services.set(service, kept);
    }
    return kept;
  }
}

const snapshot = (kept: Kept): StoredTables => Object.fromEntries([...kept.tables].map(([name, rows]) => [name, Object.fromEntries(rows)]));

function apply(kept: Kept, changes: Changes): undefined {
  for (const [name, change] of Object.entries(changes)) {
    const rows = kept.tables.get(name) ?? new Map<string, string>();
    kept.tables.set(name, rows);
    for (const key of change.del) rows.delete(key);
    for (const [key, value] of Object.entries(change.put)) rows.set(key, value);
    if (rows.size === 0) kept.tables.delete(name);
  }
}
