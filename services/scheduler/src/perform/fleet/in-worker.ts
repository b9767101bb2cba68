import { Worker } from 'node:worker_threads';
import type { Plan } from '@lifeboat/contracts';
import { failed, type Outcome } from '@lifeboat/kernel';
import type { Clock } from '@lifeboat/ports';
import type { RedundancySeen } from '../../effects.ts';
import type { FleetFigures, FleetNews, FleetPlanner, PlannerFailure, PlanQuestion } from './planner.ts';

export type ToThread =
  | Readonly<{ kind: 'plan'; id: number; question: PlanQuestion }>
  | Readonly<{ kind: 'hear'; news: FleetNews }>
  | Readonly<{ kind: 'ping' }>;
export type FromThread =
  | Readonly<{ kind: 'planned'; id: number; answer: Outcome<Plan, PlannerFailure> }>
  | Readonly<{ kind: 'seen'; seen: RedundancySeen }>
  | Readonly<{ kind: 'pong'; figures: FleetFigures; complaints: readonly string[] }>
  | Readonly<{ kind: 'log'; event: string; fields: Readonly<Record<string, string | number>> }>;

export interface WorkerOptions {
  readonly thread: URL;
  /** What the thread is started with; must be plain data. */
  readonly data: unknown;
  readonly clock: Clock;
  readonly log: (event: string, fields: Readonly<Record<string, string | number>>) => void;
  readonly limits?: Partial<WorkerLimits>;
}

export interface WorkerLimits {
  /** A plan, with all that is read for it. */
  readonly planMs: number;
  readonly pingMs: number;
  /** So long without an answer, and the thread is taken to hang. */
  readonly hangMs: number;
  readonly restartFirstMs: number;
  readonly restartMostMs: number;
}
export const defaultWorkerLimits: WorkerLimits = {
  planMs: 60_000,
  pingMs: 5_000,
  hangMs: 20_000,
  restartFirstMs: 500,
  restartMostMs: 30_000,
};

const unread: FleetFigures = { readAt: null, hosts: 0, vms: 0, hostsLost: 0, racksLost: 0, vmsWithoutPlace: 0, restarts: 0 };

/**
 * The planner in a thread of its own. A thread that ends or hangs is replaced, after a pause that grows; who waited for a
 * plan is told so and asks again. What the registry said last is told to the new one.
 */
export class PlannerInWorker implements FleetPlanner {
  readonly #o: WorkerOptions;
  readonly #limits: WorkerLimits;
  readonly #over = new AbortController();
  readonly #asked = new Map<number, (answer: Outcome<Plan, PlannerFailure>) => void>();
  #worker: Worker | null = null;
  #heardAt = 0;
  #ids = 0;
  #restarts = 0;
  #fruitless = 0;
  #figures: FleetFigures = unread;
  #complaints: readonly string[] = [];
  #news: FleetNews | null = null;
  #seen: RedundancySeen | null = null;
  #tell: ((seen: RedundancySeen) => void) | null = null;

  constructor(options: WorkerOptions) {
    this.#o = options;
    this.#limits = { ...defaultWorkerLimits, ...options.limits };
    this.#begin();
    void this.#watch();
  }

  async plan(question: PlanQuestion): Promise<Outcome<Plan, PlannerFailure>> {
    const worker = this.#worker;
    if (worker === null) return failed('PLANNER_LOST', 'the planner has ended and is started again');
    const id = ++this.#ids;
    const answered = new AbortController();
    const answer = new Promise<Outcome<Plan, PlannerFailure>>((resolve) => this.#asked.set(id, resolve));
    worker.postMessage({ kind: 'plan', id, question } satisfies ToThread);
    const late = this.#o.clock
      .sleep(this.#limits.planMs, answered.signal)
      .then(() => failed('PLANNER_TIMEOUT', `no plan within ${this.#limits.planMs} ms`));
    try {
      return await Promise.race([answer, late]);
    } finally {
      this.#asked.delete(id);
      answered.abort();
    }
  }

  hear(news: FleetNews): void {
    this.#news = news;
    this.#worker?.postMessage({ kind: 'hear', news } satisfies ToThread);
  }

  async keep(tell: (seen: RedundancySeen) => void, signal: AbortSignal): Promise<void> {
    this.#tell = tell;
    if (this.#seen !== null) tell(this.#seen);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    if (this.#tell === tell) this.#tell = null;
  }

  figures(): FleetFigures {
    return { ...this.#figures, restarts: this.#restarts };
  }

  /** What is wrong with the fleet as it was read, or why it cannot be read. */
  complaints(): readonly string[] {
    return this.#complaints;
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#worker?.terminate();
  }

  #begin(): void {
    const worker = new Worker(this.#o.thread, { workerData: this.#o.data });
    this.#worker = worker;
    this.#heardAt = this.#o.clock.monotonic();
    worker.on('message', (m: FromThread) => this.#hears(m));
    worker.on('error', (e: Error) => this.#o.log('planner-error', { error: e.stack ?? e.message }));
    worker.once('exit', (code) => void this.#ended(worker, code));
    if (this.#news !== null) worker.postMessage({ kind: 'hear', news: this.#news } satisfies ToThread);
  }

  #hears(m: FromThread): void {
    this.#heardAt = this.#o.clock.monotonic();
    switch (m.kind) {
      case 'planned':
        this.#asked.get(m.id)?.(m.answer);
        return;
      case 'seen':
        this.#fruitless = 0;
        this.#seen = m.seen;
        this.#tell?.(m.seen);
        return;
      case 'pong':
        this.#figures = m.figures;
        this.#complaints = m.complaints;
        return;
      case 'log':
        this.#o.log(m.event, m.fields);
    }
  }

  async #ended(worker: Worker, code: number): Promise<void> {
    if (this.#worker === worker) this.#worker = null;
    for (const answer of this.#asked.values()) answer(failed('PLANNER_LOST', `the planner ended (code ${code}) before its answer`));
    if (this.#over.signal.aborted) return;
    this.#restarts += 1;
    const pauseMs = Math.min(this.#limits.restartFirstMs * 2 ** this.#fruitless, this.#limits.restartMostMs);
    this.#fruitless += 1;
    this.#o.log('planner-ended', { code, again: pauseMs });
    await this.#o.clock.sleep(pauseMs, this.#over.signal);
    if (!this.#over.signal.aborted) this.#begin();
  }

  async #watch(): Promise<void> {
    const { clock } = this.#o;
    while (!this.#over.signal.aborted) {
      await clock.sleep(this.#limits.pingMs, this.#over.signal);
      const worker = this.#worker;
      if (worker === null || this.#over.signal.aborted) continue;
      const silentMs = clock.monotonic() - this.#heardAt;
      if (silentMs < this.#limits.hangMs) worker.postMessage({ kind: 'ping' } satisfies ToThread);
      else {
        this.#o.log('planner-hangs', { silentMs: Math.round(silentMs) });
        await worker.terminate();
      }
    }
  }
}
