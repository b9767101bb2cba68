import { type Complaint, complain } from '@lifeboat/kernel';
import type { Clock } from '@lifeboat/ports';
import { openEndpoint } from './endpoint.ts';
import { SettingsError } from './environment.ts';
import { Health } from './health.ts';
import { type Log, openLog } from './log.ts';
import { Metrics } from './metrics.ts';
import type { ProcessSettings } from './settings.ts';
import { openTopology, type TopologySource } from './topology-source.ts';

/** What a process's own work is given. */
export interface Running {
  readonly log: Log;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly topology: TopologySource;
  /** Aborts on SIGTERM and SIGINT: end the work and return. */
  readonly stop: AbortSignal;
  /** Called when a new topology has been taken up. Returns how to stop being called. */
  onTopology(changed: () => void): () => void;
}

const STOP_WITHIN_MS = 10_000;
const EX_CONFIG = 78;

/** Runs `work` as this process: signals, log, health endpoint, topology file, and an exit code that says how it ended. */
export async function runProcess<S extends ProcessSettings>(
  name: string,
  clock: Clock,
  read: () => S,
  work: (settings: S, running: Running) => Promise<void>,
): Promise<never> {
  const settings = readOrExit(name, read);
  const log = openLog(name, settings.instance, settings.logLevel);
  const health = new Health(name, settings.instance, clock);
  const metrics = new Metrics(name);
  const stop = new AbortController();
  const die = (what: string) => (bug: unknown) => {
    log.fatal({ err: bug }, what);
    process.exit(1);
  };
  process.on('unhandledRejection', die('a promise was rejected and nobody looked: a bug'));
  process.on('uncaughtException', die('an error nobody caught: a bug'));
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (stop.signal.aborted) return;
      log.info({ signal }, 'stopping');
      health.role = 'stopping';
      stop.abort();
      setTimeout(() => {
        log.error(`not stopped within ${STOP_WITHIN_MS} ms; ending anyway`);
        process.exit(1);
      }, STOP_WITHIN_MS).unref();
    });

  const listeners = new Set<() => void>();
  const topology = watchTopology(settings.topologyPath, log, health, () => {
    for (const tell of listeners) tell();
  });
  const endpoint = await openEndpoint(settings.listen, health, metrics).catch((e: Error) => {
    log.fatal({ err: e }, `cannot listen on ${settings.listen.host}:${settings.listen.port} (LIFEBOAT_LISTEN)`);
    process.exit(EX_CONFIG);
  });
  log.info({ address: endpoint.address }, 'health endpoint');
  const onTopology = (changed: () => void) => {
    listeners.add(changed);
    return () => void listeners.delete(changed);
  };
  try {
    await work(settings, { log, health, metrics, topology, stop: stop.signal, onTopology });
  } catch (e) {
    if (!(e instanceof SettingsError)) die('ended by an error')(e);
    for (const c of (e as SettingsError).complaints) log.fatal({ complaint: c }, complain(c));
    process.exit(EX_CONFIG);
  }
  topology.close();
  await endpoint.close();
  health.close();
  log.info('stopped');
  process.exit(0);
}

function readOrExit<S>(name: string, read: () => S): S {
  try {
    return read();
  } catch (e) {
    if (!(e instanceof SettingsError)) throw e;
    process.stderr.write(`${name}: cannot start:\n${e.complaints.map((c) => `  ${complain(c)}`).join('\n')}\n`);
    process.exit(EX_CONFIG);
  }
}

function watchTopology(path: string, log: Log, health: Health, changed: () => void): TopologySource {
  const refused = (complaints: readonly Complaint[]) => {
    for (const c of complaints) log.error({ complaint: c }, `topology refused: ${complain(c)}`);
  };
  const took = (t: { hosts: readonly unknown[]; region: string }) => {
    log.info({ region: t.region, hosts: t.hosts.length }, 'topology taken up');
    changed();
  };
  const topology = openTopology(path, took, refused);
  health.standing('topology', () => topology.complaints().map(complain));
  process.on('SIGHUP', () => {
    log.info('SIGHUP: reading the topology again');
    topology.reload();
  });
  return topology;
}
