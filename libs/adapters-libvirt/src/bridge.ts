import { join } from 'node:path';
import { plainEnv, type RunningLines, runLines } from '@lifeboat/subprocess';

export interface DomainState {
  readonly uuid: string;
  readonly name: string;
  /** What its owner calls it, where Nova has written that down; null or absent: unknown. */
  readonly title?: string | null;
  readonly state: number;
  readonly reason: number;
  /** What pings of the guest's agent say; null or absent: nothing. */
  readonly guest?: 'answers' | 'silent' | null;
}
/** A guest whose agent has its channel open and has not answered for so long is silent; 0: guests are not asked. */
export interface GuestPings {
  readonly silentAfterMs: number;
  readonly everyMs: number;
}
export type Listed = Readonly<{ ok: true; vms: readonly DomainState[] }> | Readonly<{ ok: false; why: string }>;
/** One way to ask libvirt, and to hear of changes. */
export interface DomainSource {
  list(): Promise<Listed>;
  close(): void;
}
export interface BridgeOptions {
  readonly uri: string;
  readonly python: string;
  readonly timeLimitMs: number;
  readonly guests: GuestPings;
  readonly changed: () => void;
  /** python3 or python3-libvirt is not there: the bridge will never work. Called once. */
  readonly missing: (why: string) => void;
}

const NO_LIBVIRT = 69;
const RESTART_MS = 1_000;

type Said = Readonly<{ id?: number; vms?: readonly DomainState[]; error?: string; event?: string; why?: string }>;

const seconds = (...ms: readonly number[]) => ms.map((x) => String(x / 1_000));

/** The Python bridge as a child that is started again when it ends. */
export const bridge = (o: BridgeOptions): DomainSource => {
  const waiting = new Map<number, (l: Listed) => void>();
  let running: RunningLines | null = null;
  let restart: NodeJS.Timeout | undefined;
  let closed = false;
  let asked = 0;
  let lastWords = 'libvirt is being connected to';

  const failAll = (why: string) => {
    for (const answer of [...waiting.values()]) answer({ ok: false, why });
  };
  const heard = (line: string) => {
    const said = JSON.parse(line) as Said;
    if (said.id !== undefined)
      waiting.get(said.id)?.(said.vms === undefined ? { ok: false, why: said.error ?? lastWords } : { ok: true, vms: said.vms });
    else if (said.event === 'connect-failed') lastWords = said.why ?? 'no connection';
    else o.changed();
  };
  const ended = (code: number | null, why: string) => {
    running = null;
    lastWords = why;
    failAll(why);
    if (code === NO_LIBVIRT || code === null || code === 127) {
      closed = true;
      o.missing(why);
    } else if (!closed) restart = setTimeout(start, RESTART_MS);
  };
  const start = () => {
    running = runLines({
      command: '/usr/bin/env',
      args: [o.python, '-u', join(import.meta.dirname, 'bridge.py'), o.uri, ...seconds(o.guests.silentAfterMs, o.guests.everyMs)],
      env: plainEnv(),
      onLine: heard,
      onEnd: (end) => ended(end.code, end.why),
    });
  };
  start();

  return {
    list: () =>
      new Promise((resolve) => {
        const to = running;
        if (to === null) return resolve({ ok: false, why: lastWords });
        const id = ++asked;
        const answer = (l: Listed) => {
          clearTimeout(timer);
          waiting.delete(id);
          resolve(l.ok ? l : { ok: false, why: l.why === 'not connected to libvirt' ? lastWords : l.why });
        };
        const timer = setTimeout(() => {
          answer({ ok: false, why: `libvirt did not answer within ${o.timeLimitMs} ms` });
          // A libvirtd that hangs holds the question for ever: the next one needs a connection of its own.
          if (running === to) {
            to.stop();
            ended(1, `libvirt did not answer within ${o.timeLimitMs} ms`);
          }
        }, o.timeLimitMs);
        waiting.set(id, answer);
        to.write(JSON.stringify({ id, op: 'list' }));
      }),
    close: () => {
      closed = true;
      clearTimeout(restart);
      running?.stop();
      failAll('closed');
    },
  };
};
