import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { failed, type Outcome, ok } from '@lifeboat/kernel';
import { Redis } from 'ioredis';

const script = (name: string, numberOfKeys: number) => ({
  lua: readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8'),
  numberOfKeys,
});
const scripts = {
  lifeboatClaim: script('claim', 3),
  lifeboatCommit: script('commit', 3),
  lifeboatLedgerClaim: script('ledger-claim', 2),
  lifeboatAdmit: script('admit', 3),
  lifeboatSettle: script('settle', 3),
};
export type ScriptName = keyof typeof scripts;
type Scripted = Redis & Record<ScriptName, (...args: (string | number)[]) => Promise<string[]>>;

const LOOK_EVERY_MS = 2_000;
const RECONNECT_MS = { first: 50, longest: 1_000 };

export interface Connection {
  /** Names this process's calls, so that one given up on and overtaken is told from the later ones. */
  readonly sender: string;
  /** `args` gets the number of the call, taken as it is sent. */
  run(name: ScriptName, args: (call: number) => (string | number)[]): Promise<Outcome<string[], 'STORE_UNREACHABLE'>>;
  send<T>(command: (redis: Redis) => Promise<T>): Promise<Outcome<T, 'STORE_UNREACHABLE'>>;
  connected(): boolean;
  close(): Promise<void>;
}

export function openConnection(url: string, timeLimitMs: number): Connection {
  const redis = new Redis(url, {
    scripts,
    // a call that cannot be sent now is refused, not kept for later: the caller decides anew
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: timeLimitMs,
    commandTimeout: timeLimitMs,
    disableClientInfo: true,
    retryStrategy: (times) => Math.min(RECONNECT_MS.first * 2 ** Math.min(times, 10), RECONNECT_MS.longest),
  }) as Scripted;
  // one for each call that waits for the connection
  redis.setMaxListeners(0);
  let problem = 'not connected yet';
  let answering = false;
  let closed = false;
  let calls = 0;
  redis.on('error', (e: Error) => {
    problem = e.message;
  });
  redis.on('ready', () => {
    answering = true;
  });
  redis.on('close', () => {
    answering = false;
  });

  const send = async <T>(command: (redis: Scripted) => Promise<T>): Promise<Outcome<T, 'STORE_UNREACHABLE'>> => {
    const until = performance.now() + timeLimitMs;
    if (closed || !(await ready(redis, timeLimitMs))) return failed('STORE_UNREACHABLE', closed ? 'closed' : `${address(url)}: ${problem}`);
    try {
      const value = await limited(command(redis), until - performance.now());
      answering = true;
      return ok(value);
    } catch (e) {
      problem = (e as Error).message;
      // silent: what was sent may still come to effect; begin anew on a fresh connection
      if (/timed out/.test(problem) && redis.status === 'ready') {
        answering = false;
        redis.disconnect(true);
      }
      return failed('STORE_UNREACHABLE', `${address(url)}: ${problem}`);
    }
  };
  // a server that hangs closes no connection: only asking shows it
  const look = setInterval(() => {
    if (redis.status === 'ready') void send((r) => r.ping());
  }, LOOK_EVERY_MS);
  look.unref();

  return {
    sender: randomUUID(),
    send,
    run: (name, args) => send((r) => r[name](...args(++calls))),
    connected: () => !closed && answering && redis.status === 'ready',
    close: async () => {
      if (closed) return;
      closed = true;
      clearInterval(look);
      if (redis.status === 'ready') await limited(redis.quit(), timeLimitMs).catch(() => undefined);
      redis.disconnect();
    },
  };
}

const address = (url: string) => {
  const at = URL.canParse(url) ? new URL(url) : null;
  return at === null ? 'redis' : `redis ${at.hostname}:${at.port === '' ? '6379' : at.port}`;
};

/** Waits for a connection that is being made, but not for ever. */
function ready(redis: Redis, ms: number): Promise<boolean> {
  if (redis.status === 'ready') return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (is: boolean) => () => {
      clearTimeout(timer);
      redis.off('ready', yes);
      redis.off('end', no);
      resolve(is);
    };
    const [yes, no] = [end(true), end(false)];
    const timer = setTimeout(no, ms);
    redis.on('ready', yes);
    redis.on('end', no);
  });
}

/** commandTimeout counts from the sending; the caller's limit counts from the asking. */
async function limited<T>(answer: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), Math.max(0, ms));
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
