import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '@lifeboat/ports';

export type Role = 'starting' | 'standby' | 'leading' | 'running' | 'stopping';
export interface HealthComplaint {
  readonly at: string;
  readonly what: string;
  /** How often it was said since; the newest time is `at`. */
  readonly times: number;
}
export interface HealthReport {
  readonly service: string;
  readonly instance: string;
  readonly role: Role;
  readonly epoch: number | null;
  readonly connected: Readonly<Record<string, boolean>>;
  readonly fatal: string | null;
  readonly complaints: readonly HealthComplaint[];
}

const KEPT = 20;
const STUCK_MS = 5_000;
const RESOLUTION_MS = 500;

/** What a process says of itself. */
export class Health {
  readonly #service: string;
  readonly #instance: string;
  readonly #clock: Clock;
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #complaints: HealthComplaint[] = [];
  readonly #standing = new Map<string, () => readonly string[]>();
  #fatal: string | null = null;
  role: Role = 'starting';
  epoch: number | null = null;
  connections: () => Readonly<Record<string, boolean>> = () => ({});

  constructor(service: string, instance: string, clock: Clock) {
    this.#service = service;
    this.#instance = instance;
    this.#clock = clock;
    this.#delay.enable();
  }

  /** Something went wrong and was lived with. Said again, it is counted, not repeated. */
  complain(what: string): void {
    const at = new Date(this.#clock.now()).toISOString();
    const before = this.#complaints.find((c) => c.what === what);
    this.#complaints = [...this.#complaints.filter((c) => c !== before), { at, what, times: (before?.times ?? 0) + 1 }].slice(-KEPT);
  }

  /** What is wrong for as long as it is wrong: a refused topology, say. Said again about the same, the newer one counts. */
  standing(about: string, read: () => readonly string[]): void {
    this.#standing.set(about, read);
  }

  fail(why: string): void {
    this.#fatal = why;
  }

  /** Why this process cannot do its work; null while it can. Asking forgets the delays seen so far. */
  unable(): string | null {
    const worstMs = this.#delay.max / 1e6;
    this.#delay.reset();
    if (this.#fatal !== null) return this.#fatal;
    return worstMs > STUCK_MS ? `the event loop stood still for ${Math.round(worstMs)} ms` : null;
  }

  ready(): boolean {
    return ['standby', 'leading', 'running'].includes(this.role) && Object.values(this.connections()).every(Boolean);
  }

  report(unable: string | null): HealthReport {
    const now = new Date(this.#clock.now()).toISOString();
    return {
      service: this.#service,
      instance: this.#instance,
      role: this.role,
      epoch: this.epoch,
      connected: this.connections(),
      fatal: unable,
      complaints: [
        ...[...this.#standing.values()].flatMap((read) => read()).map((what) => ({ at: now, what, times: 1 })),
        ...this.#complaints,
      ],
    };
  }

  close(): void {
    this.#delay.disable();
  }
}
