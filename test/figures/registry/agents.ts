import { type ChildProcess, fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Answer, Order, Share, Stall } from './agents-process.ts';

const program = fileURLToPath(new URL('./agents-process.ts', import.meta.url));
/** They stand for ten thousand other machines: they must not take a processor from what is measured. */
const NICE = 10;

/** One that dies is started again by its supervisor after so long, and has lost its sessions. */
const AGAIN_MS = 1_000;

/** The agents of a region, in processes that can be stopped one by one. */
export class Agents {
  readonly parts: number;
  readonly #processes: ChildProcess[];
  readonly #start: (part: number) => ChildProcess;
  /** What a process that starts anew must be told again. */
  readonly #standing = new Map<Order['do'], Order>();
  readonly #lost: number[] = [];
  readonly #deaths: (Stall & { readonly part: number })[] = [];
  #closed = false;
  #asked = 0;

  constructor(connect: string, sessionMs: number, parts: number, sessionsEach: number) {
    this.parts = parts;
    this.#start = (part) => {
      const share: Share = { connect, sessionMs, sessions: sessionsEach, part, parts };
      const child = fork(program, [JSON.stringify(share)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      if (child.pid !== undefined) setPriority(child.pid, NICE);
      child.once('exit', (code, signal) => {
        if (!this.#closed) this.#again(part, `${code ?? signal}`, sessionMs);
      });
      return child;
    };
    this.#processes = Array.from({ length: parts }, (_, part) => this.#start(part));
  }

  #again(part: number, why: string, sessionMs: number): void {
    console.log(`  the agents' process ${part} has died (${why}), and is started again`);
    const from = Date.now();
    this.#deaths.push({ part, from, to: from + sessionMs });
    setTimeout(() => {
      if (this.#closed) return;
      const child = this.#start(part);
      this.#processes[part] = child;
      // the dead first: they do not come back with the others
      for (const host of this.#lost) void this.#ask(child, { do: 'lose', host });
      for (const order of this.#standing.values()) void this.#ask(child, order);
    }, AGAIN_MS);
  }

  partOf(host: number): number {
    return host % this.parts;
  }

  /** All of them obey; resolves when all have. One that stands still obeys later. */
  async all(order: Order): Promise<void> {
    if (order.do === 'register' || order.do === 'change') this.#standing.set(order.do, order);
    await Promise.all(this.#processes.map((p) => this.#ask(p, order)));
  }

  async lose(host: number): Promise<void> {
    this.#lost.push(host);
    await this.#ask(this.#processes[this.partOf(host)] as ChildProcess, { do: 'lose', host });
  }

  pause(part: number): void {
    this.#processes[part]?.kill('SIGSTOP');
  }

  resume(part: number): void {
    this.#processes[part]?.kill('SIGCONT');
  }

  /** When each part stood still. */
  async stalls(): Promise<readonly (readonly Stall[])[]> {
    const told = await Promise.all(this.#processes.map((p) => this.#ask(p, { do: 'tell stalls' })));
    return told.map((stalls, part) => [...stalls, ...this.#deaths.filter((d) => d.part === part)]);
  }

  close(): void {
    this.#closed = true;
    for (const p of this.#processes) p.kill('SIGKILL');
  }

  #ask(child: ChildProcess, order: Order): Promise<readonly Stall[]> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve) => {
      const end = (stalls: readonly Stall[]) => {
        child.off('message', hear);
        child.off('exit', gone);
        resolve(stalls);
      };
      const hear = (answer: Answer) => {
        if (answer.id === id) end(answer.stalls);
      };
      const gone = () => end([]);
      if (!child.connected) return resolve([]);
      child.on('message', hear);
      child.on('exit', gone);
      child.send({ ...order, id }, () => undefined);
    });
  }
}
