import { setImmediate as turn } from 'node:timers/promises';
import type { Instant } from '@lifeboat/kernel';
import { after, instant } from '@lifeboat/kernel';
import type { Clock } from '@lifeboat/ports';

interface Timer {
  readonly at: number;
  /** Timers of one instant fire in the order in which they were set. */
  readonly order: number;
  fire: (() => void) | null;
}

const earlier = (a: Timer, b: Timer) => a.at < b.at || (a.at === b.at && a.order < b.order);

/** A binary heap of timers, the next one on top. */
class TimerHeap {
  #timers: Timer[] = [];
  #cancelled = 0;

  get live(): number {
    return this.#timers.length - this.#cancelled;
  }

  push(timer: Timer): void {
    const heap = this.#timers;
    let i = heap.length;
    heap.push(timer);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up] as Timer;
      if (!earlier(timer, parent)) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = timer;
  }

  /** The next timer that was not cancelled; it stays in the heap. */
  peek(): Timer | undefined {
    while (this.#timers.length > 0 && (this.#timers[0] as Timer).fire === null) {
      this.#pop();
      this.#cancelled--;
    }
    return this.#timers[0];
  }

  pop(): Timer | undefined {
    return this.peek() === undefined ? undefined : this.#pop();
  }

  cancel(timer: Timer): void {
    if (timer.fire === null) return;
    timer.fire = null;
    this.#cancelled++;
    // cancelled ones are dropped when they come up; when they are the most, all at once
    if (this.#cancelled > 64 && this.#cancelled > this.#timers.length / 2) {
      const live = this.#timers.filter((t) => t.fire !== null);
      this.#timers = [];
      this.#cancelled = 0;
      for (const t of live) this.push(t);
    }
  }

  #pop(): Timer {
    const heap = this.#timers;
    const top = heap[0] as Timer;
    const last = heap.pop() as Timer;
    if (heap.length === 0) return top;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = right < heap.length && earlier(heap[right] as Timer, heap[left] as Timer) ? right : left;
      if (!earlier(heap[child] as Timer, last)) break;
      heap[i] = heap[child] as Timer;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}

/**
 * A clock that stands still until it is driven: time passes only in `runUntil`, from timer to timer, and after each timer
 * everything that it set going runs to its end. Same calls, same order: the simulation's runs repeat exactly.
 */
export class VirtualClock implements Clock {
  readonly #start: number;
  #now: number;
  #order = 0;
  readonly #heap = new TimerHeap();

  constructor(start: Instant = instant(0)) {
    this.#start = start;
    this.#now = start;
  }

  now(): Instant {
    return instant(this.#now);
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      if (signal === undefined) {
        this.#set(this.#now + Math.max(0, ms), resolve);
        return;
      }
      const abort = () => {
        this.#heap.cancel(timer);
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const timer = this.#set(this.#now + Math.max(0, ms), () => {
        signal.removeEventListener('abort', abort);
        resolve();
      });
      signal.addEventListener('abort', abort);
    });
  }

  /** Calls `act` at an instant (now, if that is past). Returns how to cancel it. */
  at(when: Instant, act: () => void): () => void {
    const timer = this.#set(Math.max(when, this.#now), act);
    return () => this.#heap.cancel(timer);
  }

  /** Timers that are still to come. */
  get pending(): number {
    return this.#heap.live;
  }

  /** When the next timer fires; null: nothing waits. */
  next(): Instant | null {
    const timer = this.#heap.peek();
    return timer === undefined ? null : instant(timer.at);
  }

  /** Lets everything run that needs no time to pass. */
  async settle(): Promise<void> {
    await turn();
  }

  /** Fires the next timer, if it comes no later than `limit`, and lets all that follows from it run. False: there was none. */
  async step(limit: Instant): Promise<boolean> {
    const timer = this.#heap.peek();
    if (timer === undefined || timer.at > limit) return false;
    this.#heap.pop();
    this.#now = timer.at;
    const fire = timer.fire as () => void;
    timer.fire = null;
    fire();
    await turn();
    return true;
  }

  async runUntil(limit: Instant): Promise<void> {
    await turn();
    while (await this.step(limit));
    if (limit > this.#now) this.#now = limit;
  }

  async runFor(ms: number): Promise<void> {
    await this.runUntil(after(this.now(), ms));
  }

  #set(at: number, fire: () => void): Timer {
    // whole milliseconds, as a real clock's: an instant in an event is an integer
    const timer: Timer = { at: Math.ceil(at), order: this.#order++, fire };
    this.#heap.push(timer);
    return timer;
  }
}
