import type { LifeboatEvent } from '@lifeboat/contracts';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

export interface Figures {
  readonly queued: number;
  readonly owed: number;
  readonly outbox: number;
}

/** The shell says what troubles it in words; the first of them is the label, so that labels stay few. */
const troubles = ['commit', 'publish', 'subscribe', 'claim the state', 'performing', 'observing'] as const;
export const troubleKind = (what: string): string => troubles.find((t) => what.startsWith(t)) ?? 'other';

export class Metrics {
  readonly registry = new Registry();
  readonly #decided: Counter<'type'>;
  readonly #told: Counter<'type'>;
  readonly #deadLetters: Counter;
  readonly #trouble: Counter<'what'>;
  readonly #performing: Counter<'kind'>;
  readonly #epoch: Gauge;
  readonly #leading: Gauge;
  readonly #own = new Map<string, () => number>();
  /** Of the shell that runs now. */
  figures: () => Figures = () => ({ queued: 0, owed: 0, outbox: 0 });

  constructor(service: string) {
    const registers = [this.registry];
    this.registry.setDefaultLabels({ service });
    // The delay is sampled seldom: seven services that wake a hundred times a second would be the dearest thing they do.
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: 500 });
    const count = <L extends string>(name: string, help: string, labelNames: L[]) => new Counter({ name, help, labelNames, registers });
    this.#decided = count('lifeboat_inputs_decided_total', 'Inputs decided and committed.', ['type']);
    this.#told = count('lifeboat_events_told_total', 'Events told.', ['type']);
    this.#deadLetters = count('lifeboat_dead_letters_total', 'Inputs that could not be read.', []);
    this.#trouble = count('lifeboat_trouble_total', 'Tries to commit, publish, subscribe, perform or observe that failed.', ['what']);
    this.#performing = count('lifeboat_performing_total', 'Effects begun, by kind; retries count.', ['kind']);
    this.#epoch = new Gauge({ name: 'lifeboat_epoch', help: 'The epoch of this leadership.', registers });
    this.#leading = new Gauge({ name: 'lifeboat_leading', help: '1 while this process leads.', registers });
    const read = (name: string, help: string, of: (f: Figures) => number) => {
      const figures = () => of(this.figures());
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(figures());
        },
      });
    };
    read('lifeboat_queue_length', 'Inputs waiting to be decided.', (f) => f.queued);
    read('lifeboat_owed_effects', 'Effects decided and not yet settled.', (f) => f.owed);
    read('lifeboat_outbox_events', 'Events decided and not yet published.', (f) => f.outbox);
  }

  /** A figure of the service's own, read whenever somebody asks. Said again under the same name (a new topology), the newer one counts. */
  readonly gauge = (name: string, help: string, read: () => number): void => {
    const known = this.#own.has(name);
    this.#own.set(name, read);
    if (known) return;
    const now = () => this.#own.get(name)?.() ?? Number.NaN;
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(now());
      },
    });
  };

  /** A counter of the service's own, by one label. */
  readonly counter = (name: string, help: string, label: string): ((value: string) => void) => {
    const known = this.registry.getSingleMetric(name) as Counter<string> | undefined;
    const counter = known ?? new Counter({ name, help, labelNames: [label], registers: [this.registry] });
    return (value) => counter.inc({ [label]: value });
  };

  decided(type: string, told: readonly LifeboatEvent[]): void {
    this.#decided.inc({ type });
    for (const e of told) {
      this.#told.inc({ type: e.type });
      if (e.type === 'lifeboat.event.rejected') this.#deadLetters.inc();
    }
  }

  trouble(what: string): void {
    this.#trouble.inc({ what: troubleKind(what) });
  }

  performing(kind: string): void {
    this.#performing.inc({ kind });
  }

  role(epoch: number | null): void {
    this.#leading.set(epoch === null ? 0 : 1);
    if (epoch !== null) this.#epoch.set(epoch);
  }
}
