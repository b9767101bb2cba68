import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { places } from './places.ts';
import { forget, startOf, writePid } from './processes.ts';
import { usualPorts } from './servers.ts';
import {
  compileCache,
  endedWords,
  environmentOf,
  mainOf,
  nodeFlags,
  RETRY_MS,
  repository,
  type ServiceName,
  serversOf,
  serviceNames,
} from './services.ts';

/** Keeps the services of this machine running: `supervisor.ts DATA CONFIG`, started by `up --services`. */
const BACKOFF_MS = { first: 500, longest: RETRY_MS };
/** A service that ran so long has started well: the next start comes at once again. */
const RAN_WELL_MS = 60_000;
const END_MS = 15_000;

const [data, config] = process.argv.slice(2);
if (data === undefined || config === undefined) throw new Error('wanted: supervisor.ts DATA CONFIG');
const servers = Object.fromEntries(Object.keys(serversOf(usualPorts, config)).map((k) => [k, process.env[k] ?? '']));
const stopping = new AbortController();
const children = new Set<ChildProcess>();
const say = (line: string) => console.log(`${new Date().toISOString()} ${line}`);

const runOnce = (name: ServiceName): Promise<string> => {
  const at = places(data, name);
  mkdirSync(dirname(at.log), { recursive: true });
  const log = openSync(at.log, 'a');
  const child = spawn(process.execPath, [...nodeFlags, mainOf(name)], {
    cwd: repository,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...compileCache(data), ...environmentOf(name, config, servers) },
  });
  closeSync(log);
  children.add(child);
  const recorded = child.pid === undefined ? Promise.resolve() : writePid(at.pid, startOf(child.pid));
  return new Promise((resolve) => {
    const over = (how: string) => {
      children.delete(child);
      void recorded.then(() => forget(at.pid)).then(() => resolve(how));
    };
    child.once('error', (error) => over(error.message));
    child.once('exit', (code, signal) => over(signal ?? `exit ${code}`));
  });
};

const keep = async (name: ServiceName): Promise<void> => {
  let wait = BACKOFF_MS.first;
  while (!stopping.signal.aborted) {
    const began = performance.now();
    say(`${name}: starting`);
    const how = await runOnce(name);
    if (stopping.signal.aborted) return;
    if (performance.now() - began > RAN_WELL_MS) wait = BACKOFF_MS.first;
    say(`${endedWords(name, how)}; again in ${wait} ms`);
    await sleep(wait, undefined, { signal: stopping.signal }).catch(() => {});
    wait = Math.min(wait * 2, BACKOFF_MS.longest);
  }
};

const stop = () => {
  if (stopping.signal.aborted) return;
  stopping.abort();
  for (const child of children) child.kill('SIGTERM');
  setTimeout(() => {
    for (const child of children) child.kill('SIGKILL');
  }, END_MS).unref();
};
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, stop);
await Promise.all(serviceNames.map(keep));
say('ended');
