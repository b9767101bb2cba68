import type { FleetGroup, Topology } from '@lifeboat/contracts';
import type { HostId, Instant, RackId, VmId } from '@lifeboat/kernel';
import type { Clock } from '@lifeboat/ports';
import { type DumpTimes, writeDump } from './dump.ts';
import { freshHost, freshVm } from './fresh.ts';
import { factInWords, runsOnce, type Tell, tellSince, worldBroke } from './invariants.ts';
import type { Copy, Fact, FenceState, Region, SimHost, SimRack, SimVm, Violation, VmSpec } from './model.ts';
import { Prng } from './prng.ts';
import { Timers } from './timers.ts';
import { Trace } from './trace.ts';

export interface WorldTimes {
  /** From power to a running system. */
  readonly bootMs: readonly [number, number];
  /** From a running system to its compute service's process and its agent's. */
  readonly servicesMs: readonly [number, number];
}
const LOST_POWER = 'the host lost power';
const defaultTimes: WorldTimes = { bootMs: [20_000, 60_000], servicesMs: [1_000, 5_000] };

/**
 * Power, networks, machines and the guest processes that really run on them. It knows nothing of Nova (nova/) and
 * nothing of Lifeboat. What happens is told as facts, at once, to everyone who listens.
 */
export class World {
  readonly clock: Clock;
  readonly topology: Topology;
  readonly groups: readonly FleetGroup[];
  readonly hosts: ReadonlyMap<HostId, SimHost>;
  readonly racks: ReadonlyMap<RackId, SimRack>;
  readonly vms: ReadonlyMap<VmId, SimVm>;
  readonly prng: Prng;
  readonly timers: Timers;
  readonly trace: Trace;
  readonly tell: Tell;
  /** What broke, in the order in which it did. */
  readonly violations: Violation[] = [];
  /** The share of probes that are lost by chance though the host is well. */
  probeLoss = 0;
  readonly #vms: Map<VmId, SimVm>;
  readonly #times: WorldTimes;
  readonly #listeners = new Set<(f: Fact) => void>();
  /** Observers that are cut off from the management network, and whether they can tell. */
  readonly #cutObservers = new Map<string, { knowsIt: boolean }>();
  readonly #byAddress: ReadonlyMap<string, SimHost>;
  readonly #brokenStorage = new Set<HostId>();
  /** How long the shared storage holds the locks of a host that lost its power; 0: it has no locks between hosts. */
  storageHoldsMs = 0;

  constructor(
    region: Region,
    options: { readonly clock: Clock; readonly seed: number; readonly times?: Partial<WorldTimes>; readonly trace?: Trace },
  ) {
    this.clock = options.clock;
    this.topology = region.topology;
    this.groups = region.groups;
    this.prng = new Prng(options.seed).fork('world');
    this.tell = tellSince(this.now());
    this.trace = options.trace ?? new Trace(this.now());
    this.timers = new Timers(options.clock, (e) => this.violated(worldBroke(this.now(), e, this.tell)));
    this.#times = { ...defaultTimes, ...options.times };
    this.racks = new Map(
      region.topology.racks.map((r) => [r.rack, { rack: r.rack, power: true, productionSwitch: true, managementSwitch: true }]),
    );
    this.hosts = new Map(region.hosts.map((spec) => [spec.host, freshHost(spec, this.prng.uuid(), this.now())]));
    this.#vms = new Map(region.vms.map((spec) => [spec.vm, freshVm(spec, this.now())]));
    this.vms = this.#vms;
    this.#byAddress = new Map(
      [...this.hosts.values()].flatMap((h) => [[h.spec.managementAddress, h] as const, [h.spec.productionAddress, h] as const]),
    );
  }

  now(): Instant {
    return this.clock.now();
  }

  // -- asking ----------------------------------------------------------------------------------

  host(host: HostId): SimHost {
    const h = this.hosts.get(host);
    if (h === undefined) throw new Error(`no such host: ${host}`);
    return h;
  }
  rack(rack: RackId): SimRack {
    const r = this.racks.get(rack);
    if (r === undefined) throw new Error(`no such rack: ${rack}`);
    return r;
  }
  vm(vm: VmId): SimVm {
    const v = this.vms.get(vm);
    if (v === undefined) throw new Error(`no such VM: ${vm}`);
    return v;
  }
  byAddress(address: string): SimHost | undefined {
    return this.#byAddress.get(address);
  }
  powered(host: HostId): boolean {
    const h = this.host(host);
    return h.switchedOn && this.rack(h.spec.rack).power;
  }
  /** Can be talked to over the management network. */
  onManagement(host: HostId): boolean {
    const h = this.host(host);
    const r = this.rack(h.spec.rack);
    return h.os === 'up' && h.managementLink && r.managementSwitch && r.power;
  }
  onProduction(host: HostId): boolean {
    const h = this.host(host);
    const r = this.rack(h.spec.rack);
    return h.os === 'up' && h.productionLink && r.productionSwitch && r.power;
  }
  /** BMCs and power strips hang on the rack's management switch and on its feed, not on their host. */
  fenceAnswers(host: HostId, device: FenceState): boolean {
    const r = this.rack(this.host(host).spec.rack);
    return device.reachable && r.managementSwitch && r.power;
  }
  /** An observer's name may end in which life of its process it is ('node-monitor-1.3'): the network is cut for all of them. */
  observerCut(observer: string): { knowsIt: boolean } | null {
    const process = observer.replace(/\.\d+$/, '');
    return this.#cutObservers.get(process) ?? this.#cutObservers.get('*') ?? null;
  }
  runningOn(host: HostId): VmId[] {
    return [...this.vms.values()].filter((v) => v.copies.has(host)).map((v) => v.spec.vm);
  }

  // -- listening ---------------------------------------------------------------------------------

  onFact(listener: (f: Fact) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  /** Tells a fact: to the trace first, then to every listener, at once. */
  happened(f: Fact): void {
    const { actor, what } = factInWords(f);
    this.trace.add(this.now(), actor, what);
    for (const l of [...this.#listeners]) l(f);
  }
  violated(v: Violation): void {
    this.violations.push(v);
    this.trace.add(v.at, 'VIOLATION', v.text);
  }
  fault(what: string): void {
    this.happened({ kind: 'fault', what });
  }

  // -- power ---------------------------------------------------------------------------------------

  powerOff(host: HostId, why = 'power off'): void {
    this.host(host).switchedOn = false;
    this.#settlePower(host, why);
  }
  /** Boots after some seconds. Guests do not start by themselves. */
  powerOn(host: HostId, why = 'power on'): void {
    this.host(host).switchedOn = true;
    this.#settlePower(host, why);
  }
  /** Its kernel crashes; power stays on. Its crash kernel speaks after `firstMs`, and every ten seconds; then it boots again. */
  panic(host: HostId, dump: DumpTimes): void {
    const h = this.host(host);
    if (h.os !== 'up') return;
    this.fault(`kernel of ${host} crashes`);
    h.life++;
    h.os = 'booting';
    this.#down(h, 'its kernel crashed');
    writeDump(this, h, dump, () => this.#boot(h));
  }
  /** The rack's feed: its hosts, its switches, its BMCs. */
  failRack(rack: RackId): void {
    this.rack(rack).power = false;
    this.fault(`power feed of ${rack} fails`);
    for (const h of this.hostsOfRack(rack)) this.#settlePower(h, `feed of ${rack} failed`);
  }
  /** Hosts that were switched on boot again, as most machines are set to. */
  restoreRack(rack: RackId): void {
    this.rack(rack).power = true;
    this.fault(`power feed of ${rack} is back`);
    for (const h of this.hostsOfRack(rack)) this.#settlePower(h, `feed of ${rack} is back`);
  }
  hostsOfRack(rack: RackId): HostId[] {
    return [...this.hosts.values()].filter((h) => h.spec.rack === rack).map((h) => h.spec.host);
  }

  #settlePower(host: HostId, why: string): void {
    const h = this.host(host);
    const on = this.powered(host);
    if (on === (h.os !== 'off')) return;
    h.life++;
    if (on) {
      h.os = 'booting';
      h.poweredAt = this.now();
      this.happened({ kind: 'power', host, on, why });
      this.#boot(h);
      return;
    }
    h.os = 'off';
    this.happened({ kind: 'power', host, on, why });
    this.#down(h, LOST_POWER);
  }

  /** Nothing that ran on it runs any more. */
  #down(h: SimHost, why: string): void {
    const { host } = h.spec;
    for (const vm of this.runningOn(host)) this.endCopy(vm, host, 'shut-off', why);
    for (const v of this.vms.values()) {
      // a hypervisor that starts anew does not know how its guests ended
      const idle = v.defined.get(host);
      if (idle !== undefined) Object.assign(idle, { state: 'shut-off', reason: 'unknown' });
    }
    this.#process(h, 'compute', false);
    this.#process(h, 'agent', false);
    this.settleNetworks([host]);
  }

  #boot(h: SimHost): void {
    const life = h.life;
    const alive = () => h.life === life;
    this.timers.after(this.prng.between(...this.#times.bootMs), () => {
      if (!alive()) return;
      h.os = 'up';
      h.bootId = this.prng.uuid();
      this.happened({ kind: 'booted', host: h.spec.host, bootId: h.bootId });
      this.settleNetworks([h.spec.host]);
      for (const what of ['agent', 'compute'] as const)
        this.timers.after(this.prng.between(...this.#times.servicesMs), () => {
          if (alive()) this.#process(h, what, true);
        });
    });
  }

  // -- processes -------------------------------------------------------------------------------------

  killAgent(host: HostId): void {
    this.#process(this.host(host), 'agent', false);
  }
  startAgent(host: HostId): void {
    this.#process(this.host(host), 'agent', true);
  }
  killCompute(host: HostId): void {
    this.#process(this.host(host), 'compute', false);
  }
  startCompute(host: HostId): void {
    this.#process(this.host(host), 'compute', true);
  }
  #process(h: SimHost, what: 'agent' | 'compute', alive: boolean): void {
    if (h[what] === alive || (alive && h.os !== 'up') || (alive && what === 'agent' && h.agentBroken)) return;
    h[what] = alive;
    if (what === 'compute' && alive) h.computeLife++;
    this.happened({ kind: what, host: h.spec.host, alive });
  }

  // -- networks ----------------------------------------------------------------------------------------

  cutManagement(host: HostId): void {
    this.host(host).managementLink = false;
    this.fault(`management link of ${host} is cut`);
    this.settleNetworks([host]);
  }
  cutProduction(host: HostId): void {
    this.host(host).productionLink = false;
    this.fault(`production link of ${host} is cut`);
    this.settleNetworks([host]);
  }
  /** Both links of the host whole again. */
  heal(host: HostId): void {
    const h = this.host(host);
    if (h.managementLink && h.productionLink) return;
    h.managementLink = true;
    h.productionLink = true;
    this.fault(`links of ${host} are whole again`);
    this.settleNetworks([host]);
  }
  /** The rack's production (top-of-rack) or management switch. */
  failSwitch(rack: RackId, network: 'production' | 'management' = 'production'): void {
    this.#setSwitch(rack, network, false);
  }
  restoreSwitch(rack: RackId, network: 'production' | 'management' = 'production'): void {
    this.#setSwitch(rack, network, true);
  }
  #setSwitch(rack: RackId, network: 'production' | 'management', works: boolean): void {
    const r = this.rack(rack);
    if (network === 'production') r.productionSwitch = works;
    else r.managementSwitch = works;
    this.fault(`${network} switch of ${rack} ${works ? 'works again' : 'fails'}`);
    this.settleNetworks(this.hostsOfRack(rack));
  }
  /** Cuts what stands at this observer's place ('*': every observer) off the management network. */
  cutObserver(observer: string, knowsIt: boolean): void {
    this.#cutObservers.set(observer, { knowsIt });
    this.fault(`observer ${observer} is cut off${knowsIt ? '' : ' and cannot tell'}`);
  }
  healObserver(observer: string): void {
    if (this.#cutObservers.delete(observer)) this.fault(`observer ${observer} is connected again`);
  }
  settleNetworks(hosts: readonly HostId[]): void {
    for (const host of hosts) {
      const h = this.host(host);
      const management = this.onManagement(host);
      const production = this.onProduction(host);
      const changed = { management: h.onManagement !== management, production: h.onProduction !== production };
      h.onManagement = management;
      h.onProduction = production;
      if (changed.management) this.happened({ kind: 'management', host, up: management });
      if (changed.production) this.happened({ kind: 'production', host, up: production });
    }
  }

  // -- guests ------------------------------------------------------------------------------------------

  /** A VM that did not exist before. */
  addVm(spec: VmSpec): void {
    this.#vms.set(spec.vm, freshVm(spec, this.now()));
  }
  /** A guest process starts. Whether it may is nobody's question here; whether it is the second one is. */
  startCopy(vm: VmId, host: HostId, why: string): boolean {
    const v = this.vm(vm);
    if (this.host(host).os !== 'up' || v.deleted || v.copies.has(host)) return false;
    const copy: Copy = { startedAt: this.now(), state: 'running', since: this.now() };
    v.copies.set(host, copy);
    v.defined.delete(host);
    v.runs.push({ host, from: this.now(), to: null });
    this.happened({ kind: 'copy', vm, host, running: true, why });
    const broken = runsOnce(v, this.now(), why, this.tell);
    if (broken !== null) this.violated(broken);
    return true;
  }
  /** The process ends; the hypervisor still knows the guest. */
  endCopy(vm: VmId, host: HostId, state: 'shut-off' | 'crashed', why: string): void {
    const v = this.vm(vm);
    if (!v.copies.delete(host)) return;
    v.defined.set(host, {
      state,
      reason: state === 'crashed' ? 'crashed' : why === LOST_POWER ? 'unknown' : 'destroyed',
      since: this.now(),
    });
    const run = v.runs.findLast((r) => r.host === host && r.to === null);
    if (run !== undefined) Object.assign(run, { to: this.now() }, state === 'crashed' ? { crashed: true } : {});
    this.happened({ kind: 'copy', vm, host, running: false, why });
  }
  /** Does the storage still hold the lock of a copy that lost its host's power? A crashed process leaves none behind. */
  diskLocked(vm: VmId): boolean {
    const since = this.now() - this.storageHoldsMs;
    return this.vm(vm).runs.some((r) => r.to !== null && r.to > since && r.crashed !== true && !this.powered(r.host));
  }
  /** Ends it if it runs, and the hypervisor forgets it. */
  destroyCopy(vm: VmId, host: HostId, why: string): void {
    this.endCopy(vm, host, 'shut-off', why);
    this.vm(vm).defined.delete(host);
  }
  crashVm(vm: VmId): void {
    for (const host of [...this.vm(vm).copies.keys()]) this.endCopy(vm, host, 'crashed', 'the guest process crashed');
  }
  /** The guest no longer works though its process lives: hung, or paused by an I/O error. */
  ailVm(vm: VmId, state: 'running' | 'paused' | 'hung' | 'io-error'): void {
    for (const [host, copy] of this.vm(vm).copies) {
      copy.state = state;
      copy.since = this.now();
      this.happened({ kind: 'copy', vm, host, running: true, why: state });
    }
  }

  /** Their disks fail: whatever writes is paused by the hypervisor. */
  breakStorage(hosts: readonly HostId[]): void {
    this.fault(`storage fails on ${hosts.join(', ')}`);
    for (const host of hosts) {
      this.#brokenStorage.add(host);
      for (const vm of this.runningOn(host)) if (this.vm(vm).copies.get(host)?.state === 'running') this.ailVm(vm, 'io-error');
    }
  }
  /** It answers again; who was paused stays so until somebody resumes it. */
  mendStorage(): void {
    if (this.#brokenStorage.size === 0) return;
    this.#brokenStorage.clear();
    this.fault('storage answers again');
  }
  /** The hypervisor lets it go on: it runs, or its next write fails again. */
  resumeVm(vm: VmId, host: HostId): void {
    const copy = this.vm(vm).copies.get(host);
    if (copy === undefined || copy.state === 'hung') return;
    this.ailVm(vm, copy.state === 'io-error' && this.#brokenStorage.has(host) ? 'io-error' : 'running');
  }

  fence(host: HostId, device: string): FenceState {
    const f = this.host(host).fences.get(device);
    if (f === undefined) throw new Error(`host ${host} has no fence device '${device}'`);
    return f;
  }

  close(): Promise<void> {
    return this.timers.close();
  }
}
