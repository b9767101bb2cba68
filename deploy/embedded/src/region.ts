import {
  type BusFaults,
  MemoryBus,
  MemoryInbox,
  MemoryLedger,
  MemoryRegistryCore,
  MemoryStateStore,
  memoryMailbox,
  memoryPhones,
} from '@lifeboat/adapters-memory';
import { agentWatcher, agentWatcherWorld, concerns, watcherSettings } from '@lifeboat/agent-watcher';
import { decode, type LifeboatEvent, type Service, type Topology } from '@lifeboat/contracts';
import { correlatorSettings, faultCorrelator } from '@lifeboat/fault-correlator';
import { migrator, migratorSettings, migratorWorld } from '@lifeboat/migrator';
import { monitorSettings, nodeMonitor, nodeMonitorWorld } from '@lifeboat/node-monitor';
import { type NotifierPorts, notifier, notifierSettings, notifierWorld } from '@lifeboat/notifier';
import type { Bus, BusRecord, Clock, Cloud, FenceDevice, OperationLedger, Registry, StateStore } from '@lifeboat/ports';
import { Band, BUG, Shell, type ShellObserver } from '@lifeboat/runtime';
import { FleetKeeper, scheduler, schedulerSettings, schedulerWorld } from '@lifeboat/scheduler';
import { Nova, type Region, SimCloud, SimDumps, SimFence, SimProber, SimShell, World, type WorldTimes } from '@lifeboat/world';
import { Agents } from './agents.ts';
import { Life } from './life.ts';

export interface RegionChoices {
  readonly clock: Clock;
  readonly region: Region;
  readonly seed: number;
  readonly replicas: number;
  readonly sessionTimeoutMs: number;
  readonly times?: Partial<WorldTimes>;
  readonly busFaults?: BusFaults;
  readonly available?: Readonly<{ bus: () => boolean; store: () => boolean }>;
  /** Called at every step of every process: where the simulation crashes and stalls them. */
  readonly onStep?: (process: ServiceProcess) => void;
  readonly onEvent?: (e: LifeboatEvent) => void;
  readonly onTrouble?: (process: string, what: string) => void;
  /** Codes of confirmations; from the system's own chance when left out. */
  readonly code?: () => { readonly code: string; readonly key: string };
  /** Real channels to people in the place of the phones and mailboxes in memory. */
  readonly channels?: Partial<NotifierPorts>;
  readonly change?: Changes;
  readonly wrap?: Wrap;
}
/** Puts something else in an adapter's place; the simulation takes guards out this way. */
export type Wrap = Readonly<{
  fence?: (f: FenceDevice) => FenceDevice;
  cloud?: (c: Cloud) => Cloud;
  store?: (s: StateStore) => StateStore;
  ledger?: (l: OperationLedger) => OperationLedger;
  registry?: (r: Registry) => Registry;
  bus?: (b: Bus) => Bus;
}>;
export type Changes = Readonly<{
  migrator?: Partial<ReturnType<typeof migratorSettings>>;
  scheduler?: Partial<ReturnType<typeof schedulerSettings>>;
  correlator?: Partial<ReturnType<typeof correlatorSettings>>;
  notifier?: Partial<ReturnType<typeof notifierSettings>>;
}>;

/** Fewer than on many machines: enough for the watchers to share. */
const WATCHER_SHARDS = 3;

type Build = (life: Life, place: string, see: ShellObserver) => { run(signal: AbortSignal): Promise<void> };

/** One service process: it can be killed, stalled and started again; what it has committed outlives it. */
export class ServiceProcess {
  readonly service: Service;
  readonly name: string;
  readonly #build: Build;
  readonly #region: EmbeddedRegion;
  life: Life | null = null;
  #lives = 0;
  leading = false;

  constructor(region: EmbeddedRegion, service: Service, name: string, build: Build) {
    this.#region = region;
    this.service = service;
    this.name = name;
    this.#build = build;
  }

  start(): void {
    if (this.life !== null) return;
    this.#lives += 1;
    const onStep = this.#region.choices.onStep;
    const life = new Life(this.#region.registry.client(this.name), onStep === undefined ? null : () => onStep(this));
    this.life = life;
    const see: ShellObserver = {
      leading: () => {
        this.leading = true;
      },
      deposed: (why) => {
        this.leading = false;
        if (why.startsWith(BUG)) this.#region.choices.onTrouble?.(this.name, why);
      },
      trouble: (what) => this.#region.choices.onTrouble?.(this.name, what),
    };
    const shell = this.#build(life, `${this.name}.${this.#lives}`, see);
    void shell.run(life.signal);
  }

  kill(): void {
    this.life?.kill();
    this.life = null;
    this.leading = false;
  }
}

/** The fleet is kept in this very thread, by the virtual clock: the planner's thread of the distributed mode runs the same. */
const withFleet = (p: { cloud: Cloud; clock: Clock; topology: () => Topology }) => ({ cloud: p.cloud, planner: new FleetKeeper(p) });

/** A whole Lifeboat over a simulated region, in this process: the same decisions and the same shell as distributed. */
export class EmbeddedRegion {
  readonly choices: RegionChoices;
  readonly clock: Clock;
  readonly world: World;
  readonly nova: Nova;
  readonly bus: MemoryBus;
  readonly store: MemoryStateStore;
  readonly ledger: MemoryLedger;
  readonly registry: MemoryRegistryCore;
  readonly mailbox: ReturnType<typeof memoryMailbox>;
  /** Where contacts' mails to Lifeboat come in. */
  readonly inbox: MemoryInbox;
  readonly phones: ReturnType<typeof memoryPhones>;
  readonly agents: Agents;
  readonly processes: readonly ServiceProcess[];

  constructor(choices: RegionChoices) {
    this.choices = choices;
    const { clock, seed, available } = choices;
    this.clock = clock;
    this.world = new World(choices.region, { clock, seed, ...(choices.times === undefined ? {} : { times: choices.times }) });
    this.nova = new Nova(this.world);
    this.bus = new MemoryBus(clock, { ...choices.busFaults, ...(available === undefined ? {} : { available: available.bus }) });
    this.store = new MemoryStateStore(clock, available === undefined ? {} : { available: available.store });
    this.ledger = new MemoryLedger(clock, available === undefined ? {} : { available: available.store });
    this.registry = new MemoryRegistryCore(clock, { sessionTimeoutMs: choices.sessionTimeoutMs });
    this.mailbox = memoryMailbox();
    this.inbox = new MemoryInbox('e-mail', clock);
    this.phones = memoryPhones(clock);
    this.agents = new Agents(this);
    const builds = this.#builds();
    this.processes = (Object.keys(builds) as (keyof typeof builds)[]).flatMap((service) =>
      Array.from({ length: choices.replicas }, (_, i) => new ServiceProcess(this, service, `${service}-${i + 1}`, builds[service])),
    );
  }

  start(): void {
    this.agents.start();
    for (const p of this.processes) p.start();
  }

  stop(): void {
    for (const p of this.processes) p.life?.stop();
    this.agents.stop();
  }

  #builds(): Record<Exclude<Service, 'agent' | 'console'>, Build> {
    const { choices } = this;
    const { topology } = this.world;
    const same = <T>(x: T): T => x;
    const wrap = { fence: same, cloud: same, store: same, ledger: same, registry: same, bus: same, ...choices.wrap };
    const ports = (life: Life, instance: string) => ({
      bus: life.guard(wrap.bus(this.#seen(this.bus.client()))),
      store: life.guard(wrap.store(this.store)),
      registry: wrap.registry(life.registry),
      clock: life.guard(this.clock),
      instance,
    });
    const looks = (life: Life, observer: string) => this.#looks(wrap, life, observer);
    return {
      'agent-watcher': (life, place, see) =>
        new Band(
          agentWatcher(watcherSettings(choices.sessionTimeoutMs)),
          {
            count: WATCHER_SHARDS,
            world: (shard) =>
              agentWatcherWorld({
                registry: life.registry,
                clock: life.guard(this.clock),
                sessionMs: choices.sessionTimeoutMs,
                concerns: concerns(shard, WATCHER_SHARDS),
              }),
          },
          ports(life, place),
          see,
        ),
      'node-monitor': (life, place, see) =>
        new Shell(
          nodeMonitor(monitorSettings(topology)),
          nodeMonitorWorld({ ...looks(life, place), topology }, life.signal),
          ports(life, place),
          see,
        ),
      'fault-correlator': (life, place, see) =>
        new Shell(
          faultCorrelator(correlatorSettings(topology, choices.change?.correlator)),
          { perform: async (e: never) => e },
          ports(life, place),
          see,
        ),
      scheduler: (life, place, see) =>
        new Shell(
          scheduler(schedulerSettings(topology, choices.change?.scheduler)),
          schedulerWorld(withFleet({ ...looks(life, place), topology: () => topology })),
          ports(life, place),
          see,
        ),
      migrator: (life, place, see) =>
        new Shell(
          migrator(migratorSettings(topology, choices.change?.migrator)),
          migratorWorld({ ...looks(life, place), ledger: life.guard(wrap.ledger(this.ledger)), topology: () => topology }),
          ports(life, place),
          see,
        ),
      notifier: (life, place, see) =>
        new Shell(
          notifier(notifierSettings(topology, choices.change?.notifier)),
          notifierWorld(this.#toPeople(life)),
          ports(life, place),
          see,
        ),
    };
  }

  /** Everything that an observer has to look at the world with. */
  #looks(wrap: Pick<Required<Wrap>, 'fence' | 'cloud'>, life: Life, observer: string) {
    const { world } = this;
    return {
      prober: life.guard(new SimProber(world, { observer })),
      dumps: new SimDumps(world, { observer }),
      fence: life.guard(wrap.fence(new SimFence(world, { observer }))),
      shell: life.guard(new SimShell(world, { observer })),
      cloud: life.guard(wrap.cloud(new SimCloud(this.nova, { observer }))),
      clock: life.guard(this.clock),
    };
  }

  #toPeople(life: Life): NotifierPorts {
    return {
      clock: life.guard(this.clock),
      mailer: life.guard(this.mailbox.mailer),
      texts: life.guard(this.phones.sender),
      inbound: [this.inbox, this.phones.inbound],
      ...(this.choices.code === undefined ? {} : { code: this.choices.code }),
      ...this.choices.channels,
    };
  }

  /** Whoever watches sees an event when it is published, before anybody can act on it. */
  #seen(bus: Bus): Bus {
    const tell = (records: readonly BusRecord[]) => {
      for (const r of records) {
        const d = decode(r);
        if (d.ok) this.choices.onEvent?.(d.event);
      }
    };
    return new Proxy(bus, {
      get: (target, name) => {
        if (name === 'publish')
          return (records: readonly BusRecord[]) => {
            tell(records);
            return target.publish(records);
          };
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  }
}
