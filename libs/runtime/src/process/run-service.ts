import type { Topology } from '@lifeboat/contracts';
import type { Clock, OperationLedger } from '@lifeboat/ports';
import { Band, type Shards } from '../shell/band.ts';
import type { Effect, ServiceDefinition, ServiceWorld, State } from '../shell/service.ts';
import { Shell, type ShellPorts } from '../shell/shell.ts';
import { type Environment, SettingsError, type Variables } from './environment.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { watchShell } from './observer.ts';
import { type Running, runProcess } from './process.ts';
import { readServerSettings, type ServerSettings } from './settings.ts';

/** The servers that a service stands on. */
export interface Backbone extends Omit<ShellPorts, 'instance'> {
  readonly ledger: OperationLedger;
  connected(): Readonly<Record<'bus' | 'store' | 'registry', boolean>>;
  close(): Promise<void>;
}

/** What a service is made from: once at the start, and anew for each new topology. */
export interface Boot<More> {
  readonly settings: ServerSettings;
  readonly more: More;
  readonly topology: Topology;
  readonly backbone: Backbone;
  readonly clock: Clock;
  readonly log: Log;
  /** Shows a figure among the metrics. */
  readonly gauge: Metrics['gauge'];
  readonly counter: Metrics['counter'];
  /** Shows on the health page, while we lead, what is wrong for as long as it is wrong. */
  readonly standing: (read: () => readonly string[]) => void;
}
export interface Made<S extends State, E extends Effect, Result, Observation> {
  readonly definition: ServiceDefinition<S, E, Result, Observation>;
  readonly world: ServiceWorld<E, Result, Observation>;
  close?(): Promise<void>;
}
/** A service whose parts all live processes share. */
export interface Shared<S extends State, E extends Effect, Result, Observation> {
  readonly definition: ServiceDefinition<S, E, Result, Observation>;
  readonly shards: Shards<E, Result, Observation>;
  close?(): Promise<void>;
}
type Make<S extends State, E extends Effect, Result, Observation> = Made<S, E, Result, Observation> | Shared<S, E, Result, Observation>;
export interface ServicePlan<More, S extends State, E extends Effect, Result, Observation> {
  readonly name: string;
  readonly clock: Clock;
  readonly open: (settings: ServerSettings, log: Log) => Promise<Backbone>;
  /** What this service needs beyond what all do; complaints come together with the others. */
  readonly settings: (e: Environment, env: Variables) => More;
  readonly make: (boot: Boot<More>) => Make<S, E, Result, Observation> | Promise<Make<S, E, Result, Observation>>;
}

/** A service process: reads settings, opens the servers, stands for election, decides until it is told to stop. */
export const runService = <More, S extends State, E extends Effect, Result, Observation>(
  plan: ServicePlan<More, S, E, Result, Observation>,
): Promise<never> => {
  let more: More;
  const read = () => {
    const both = readServerSettings(process.env, plan.settings);
    more = both.more;
    return both.settings;
  };
  return runProcess(plan.name, plan.clock, read, async (settings, running) => {
    if (running.topology.current() === null) throw new SettingsError(running.topology.complaints());
    const backbone = await plan.open(settings, running.log);
    running.health.connections = () => backbone.connected();
    try {
      while (!running.stop.aborted) await underOneTopology(plan, { settings, more, backbone }, running);
    } finally {
      await backbone.close();
    }
  });
};

/** A definition is made for one topology. A new one ends this reign, and the service stands for election anew. */
async function underOneTopology<More, S extends State, E extends Effect, Result, Observation>(
  plan: ServicePlan<More, S, E, Result, Observation>,
  { settings, more, backbone }: { settings: ServerSettings; more: More; backbone: Backbone },
  running: Running,
): Promise<void> {
  const { log, health, metrics, stop } = running;
  const renewed = new AbortController();
  const forget = running.onTopology(() => renewed.abort());
  const topology = running.topology.current() as Topology;
  const standing = (read: () => readonly string[]) => health.standing('service', () => (health.role === 'leading' ? read() : []));
  const { gauge, counter } = metrics;
  const made = await plan.make({ settings, more, topology, backbone, clock: plan.clock, log, gauge, counter, standing });
  const { bus, store, registry } = backbone;
  const ports = { bus, store, registry, clock: plan.clock, instance: settings.instance };
  const see = watchShell(log, health, metrics);
  const shell = 'shards' in made ? new Band(made.definition, made.shards, ports, see) : new Shell(made.definition, made.world, ports, see);
  metrics.figures = () => shell.figures;
  try {
    await shell.run(AbortSignal.any([stop, renewed.signal]));
  } finally {
    forget();
    await made.close?.();
  }
}
