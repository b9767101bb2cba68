import type { Resources } from '@lifeboat/contracts';
import { done, failed, type HostId, type Instant, type Outcome, ok, type VmId } from '@lifeboat/kernel';
import type { CloudFailure, VmAct } from '@lifeboat/ports';
import { noDoubleEvacuate } from '../invariants.ts';
import type { VmSpec } from '../model.ts';
import type { Prng } from '../prng.ts';
import { Slots } from '../timers.ts';
import type { World } from '../world.ts';
import { computeSide } from './compute.ts';
import { evacuation } from './evacuation.ts';
import type { Moving } from './moves.ts';
import { Placing } from './placing.ts';
import {
  type ApiFaults,
  Heartbeats,
  type Migration,
  type NovaTimes,
  novaTimes,
  type Server,
  type Service,
  type Work,
  wellApi,
} from './state.ts';

type Answer<T = undefined> = Outcome<T, CloudFailure>;

/**
 * Nova and Placement, as a real one (Zed) was seen to behave: it answers ok and works later, believes its own
 * heartbeats, takes a second evacuation of a VM, and never asks whether a host is really dead.
 */
export class Nova {
  readonly world: World;
  readonly prng: Prng;
  readonly times: NovaTimes;
  readonly api: ApiFaults = wellApi();
  readonly services: ReadonlyMap<HostId, Service>;
  readonly servers: ReadonlyMap<VmId, Server>;
  readonly migrations: Migration[] = [];
  /** Live and cold ones. */
  readonly moves: Moving[] = [];
  readonly work: Work[] = [];
  readonly placing: Placing;
  readonly conductors: Slots;
  readonly builds: ReadonlyMap<HostId, Slots>;
  readonly outgoing: ReadonlyMap<HostId, Slots>;
  readonly #servers: Map<VmId, Server>;
  readonly #stop: () => void;
  readonly #waiting = new Map<HostId, Set<() => void>>();
  readonly #acts = new Map<VmId, readonly VmAct[]>();
  #nextMigration = 1;

  constructor(world: World, times: Partial<NovaTimes> = {}) {
    this.world = world;
    this.prng = world.prng.fork('nova');
    this.times = { ...novaTimes, ...times };
    const now = world.now();
    this.services = new Map(
      [...world.hosts.keys()].map((host, i) => {
        const beats = new Heartbeats(this.times.reportMs, (now - this.prng.between(0, this.times.reportMs - 1)) as Instant);
        return [
          host,
          {
            id: `service-${i + 1}`,
            host,
            enabled: true,
            disabledReason: null,
            forcedDown: false,
            beats,
            reporting: true,
            initialisedLife: 1,
          },
        ];
      }),
    );
    this.#servers = new Map([...world.vms.values()].map((v) => [v.spec.vm, freshServer(v.spec)]));
    for (const v of world.vms.values()) if (v.spec.ownerStopped) this.noteAct(v.spec.vm, 'stop', 'owner');
    this.servers = this.#servers;
    this.placing = new Placing(world, this.servers);
    this.conductors = new Slots(this.times.conductors);
    this.builds = new Map([...world.hosts.keys()].map((h) => [h, new Slots(this.times.buildsPerHost)]));
    this.outgoing = new Map([...world.hosts.keys()].map((h) => [h, new Slots(this.times.outgoingPerHost)]));
    this.#stop = computeSide(this);
    world.timers.ended.addEventListener('abort', () => this.#close(), { once: true });
  }

  /** With its world. */
  #close(): void {
    this.#stop();
    for (const host of [...this.#waiting.keys()]) this.wake(host);
  }

  // -- asking --------------------------------------------------------------------------------------

  service(host: HostId): Service | undefined {
    return this.services.get(host);
  }
  server(vm: VmId): Server | undefined {
    const s = this.servers.get(vm);
    return s === undefined || s.deleted ? undefined : s;
  }
  serversOn(host: HostId): Server[] {
    return [...this.servers.values()].filter((s) => s.host === host && !s.deleted);
  }
  up(service: Service): boolean {
    return !service.forcedDown && this.world.now() - service.beats.last(this.world.now()) <= this.times.downAfterMs;
  }
  /** The scheduler's view: the trait of a disabled service, the heartbeat of a silent one. */
  usable(host: HostId): boolean {
    const s = this.service(host);
    return s?.enabled === true && this.up(s);
  }
  /** Placement's usages without those of VMs that have left and that it will only forget when the host returns. */
  usedByFleet(): Map<HostId, Resources> {
    const left = new Set(this.migrations.filter((m) => m.status === 'done').map((m) => `${m.vm} ${m.from}`));
    return this.placing.used((vm, host) => !left.has(`${vm} ${host}`) || this.servers.get(vm)?.host === host);
  }
  /** Its compute service takes messages now. */
  takesMessages(host: HostId): boolean {
    const s = this.service(host);
    return s?.reporting === true && s.initialisedLife === this.world.host(host).computeLife;
  }

  /** Messages to a compute service wait in its queue, however long it is away. `orElse`: looked at whenever something changed; true ends the wait. */
  async untilTakesMessages(host: HostId, orElse: () => boolean = () => false): Promise<void> {
    while (!this.takesMessages(host) && !orElse()) {
      await new Promise<void>((go) => {
        const waiting = this.#waiting.get(host) ?? new Set();
        this.#waiting.set(host, waiting.add(go));
      });
      this.world.timers.check();
    }
  }
  /** Something about the host's compute service changed. */
  wake(host: HostId): void {
    const waiting = this.#waiting.get(host);
    this.#waiting.delete(host);
    for (const go of waiting ?? []) go();
  }

  // -- services ---------------------------------------------------------------------------------------

  forceDown(host: HostId, by = 'lifeboat'): Answer {
    this.world.happened({ kind: 'force-down', host, by });
    return this.#change(host, (s) => {
      s.forcedDown = true;
    });
  }
  clearForcedDown(host: HostId): Answer {
    if (this.migrations.some((m) => m.from === host && m.status === 'done'))
      return failed(
        'CLOUD_CONFLICT',
        `Unable to force up host ${host} as \`done\` evacuation migration records remain associated with the host.`,
      );
    return this.#change(host, (s) => {
      s.forcedDown = false;
    });
  }
  disable(host: HostId, reason: string): Answer {
    return this.#change(host, (s) => {
      s.enabled = false;
      s.disabledReason = reason;
    });
  }
  enable(host: HostId): Answer {
    return this.#change(host, (s) => {
      s.enabled = true;
      s.disabledReason = null;
    });
  }
  #change(host: HostId, change: (s: Service) => void): Answer {
    const s = this.service(host);
    if (s === undefined) return failed('CLOUD_NOT_FOUND', `Compute host ${host} not found.`);
    change(s);
    this.world.trace.add(
      this.world.now(),
      'nova',
      `service of ${host}: ${s.enabled ? 'enabled' : 'disabled'}${s.forcedDown ? ', forced down' : ''}`,
    );
    return done;
  }

  /** What was asked of Nova about a VM, newest first; by null: Nova itself. */
  acts(vm: VmId): readonly VmAct[] {
    return this.#acts.get(vm) ?? [];
  }
  noteAct(vm: VmId, act: string, by: string | null): void {
    this.#acts.set(vm, [{ act, at: this.world.now(), by }, ...this.acts(vm)]);
  }

  /** A new VM, active at once. */
  boot(spec: VmSpec): void {
    this.world.addVm(spec);
    this.#servers.set(spec.vm, freshServer(spec));
    this.placing.allocate(spec.vm, spec.host);
  }

  // -- servers --------------------------------------------------------------------------------------------

  evacuate(vm: VmId, to: HostId | null, by: string): Answer {
    const s = this.server(vm);
    if (s === undefined) return failed('CLOUD_NOT_FOUND', `Instance ${vm} could not be found.`);
    if (to !== null && this.service(to) === undefined) return failed('CLOUD_NOT_FOUND', `Compute host ${to} not found.`);
    if (to === s.host) return failed('CLOUD_REFUSED', "The target host can't be the same one.");
    if (this.up(this.services.get(s.host) as Service))
      return failed('CLOUD_HOST_STILL_UP', `Compute service of ${s.host} is still in use.`);
    if (s.vmState === 'paused' || s.vmState === 'resized')
      return failed('CLOUD_CONFLICT', `Cannot 'evacuate' instance ${vm} while it is in vm_state ${s.vmState}`);
    const source = this.world.host(s.host);
    this.world.happened({
      kind: 'evacuate-call',
      vm,
      from: s.host,
      to,
      by,
      poweredOn: this.world.powered(s.host),
      guestRuns: this.world.vm(vm).copies.has(s.host),
      sameLifeSince: source.poweredAt,
    });
    if (this.underWay(vm)) {
      s.stuck = true;
      this.world.happened({ kind: 'double-evacuate', vm, by });
      this.world.violated(noDoubleEvacuate(vm, this.world.now(), by, this.world.tell));
    }
    const migration: Migration = {
      id: String(this.#nextMigration++),
      vm,
      from: s.host,
      to,
      status: 'accepted',
      createdAt: this.world.now(),
    };
    const work: Work = {
      migration,
      server: s,
      wanted: to,
      wasStopped: s.vmState === 'stopped',
      claimed: false,
      phase: 'scheduling',
      lost: () => false,
    };
    s.task = 'rebuilding';
    this.migrations.push(migration);
    this.work.push(work);
    this.world.timers.spawn(() => evacuation(this, work));
    return done;
  }

  /** An earlier evacuation may still act. One whose message waits in vain is under way too, until the VM's task is reset. */
  underWay(vm: VmId): boolean {
    const task = this.servers.get(vm)?.task ?? null;
    return this.work.some(
      (w) => w.server.vm === vm && w.phase !== 'over' && (task !== null || !w.lost()) && (w.phase !== 'queued' || task !== null),
    );
  }

  resetToError(vm: VmId): Answer {
    const s = this.server(vm);
    if (s === undefined) return failed('CLOUD_NOT_FOUND', `Instance ${vm} could not be found.`);
    this.noteAct(vm, 'resetState', 'lifeboat');
    s.vmState = 'error';
    s.task = null;
    s.stuck = false;
    return done;
  }

  start(vm: VmId, by = 'lifeboat'): Answer {
    return this.#power(vm, 'stopped', 'powering-on', by, (s) => {
      if (this.world.startCopy(vm, s.host, 'nova started it') || this.world.vm(vm).copies.has(s.host)) s.vmState = 'active';
    });
  }
  stop(vm: VmId, by = 'lifeboat'): Answer {
    return this.#power(vm, 'active', 'powering-off', by, (s) => {
      this.world.endCopy(vm, s.host, 'shut-off', 'nova stopped it');
      s.vmState = 'stopped';
    });
  }
  #power(vm: VmId, from: Server['vmState'], task: string, by: string, act: (s: Server) => void): Answer {
    const s = this.server(vm);
    if (s === undefined) return failed('CLOUD_NOT_FOUND', `Instance ${vm} could not be found.`);
    if (s.vmState !== from || s.task !== null)
      return failed(
        'CLOUD_CONFLICT',
        `Cannot do this to instance ${vm} while it is in vm_state ${s.vmState}, task_state ${s.task ?? 'none'}`,
      );
    if (!this.up(this.services.get(s.host) as Service))
      return failed('CLOUD_CONFLICT', `The compute service of ${s.host} is unavailable at this time.`);
    s.task = task;
    this.noteAct(vm, from === 'active' ? 'stop' : 'start', by);
    const { host } = s;
    this.world.timers.spawn(async () => {
      await this.world.timers.sleep(this.prng.between(...this.times.startMs));
      await this.untilTakesMessages(host);
      // the message waited for a compute service that was away: meanwhile the VM may have been moved or deleted
      if (s.deleted || s.host !== host || s.task !== task) return;
      s.task = null;
      act(s);
    });
    return ok(undefined);
  }

  // -- what a VM's owner does, through the same API ---------------------------------------------------------

  ownerStops(vm: VmId): boolean {
    if (!this.stop(vm, 'owner').ok) return false;
    this.world.vm(vm).ownerStopped = true;
    this.world.happened({ kind: 'vm', vm, what: 'stopped-by-owner' });
    return true;
  }
  /** Works on a dead host too: Nova then deletes its own record only, and the guest when the host is back. */
  ownerDeletes(vm: VmId): boolean {
    const s = this.server(vm);
    if (s === undefined) return false;
    s.deleted = true;
    this.placing.forget(vm);
    this.world.vm(vm).deleted = true;
    this.world.happened({ kind: 'vm', vm, what: 'deleted-by-owner' });
    for (const h of [...this.world.vm(vm).copies.keys()]) if (this.takesMessages(h)) this.world.destroyCopy(vm, h, 'deleted by its owner');
    return true;
  }
}

const freshServer = (spec: VmSpec): Server => ({
  vm: spec.vm,
  host: spec.host,
  vmState: spec.ownerStopped ? 'stopped' : 'active',
  oldHost: null,
  wasStopped: false,
  locked: false,
  haOff: false,
  task: null,
  fault: null,
  storageLocked: false,
  deleted: false,
  stuck: false,
});
