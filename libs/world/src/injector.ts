import type { HostId, Instant, RackId } from '@lifeboat/kernel';
import { type SimHost, wellFence } from './model.ts';
import type { Nova } from './nova/nova.ts';
import { wellApi } from './nova/state.ts';
import type { Prng } from './prng.ts';
import { type FaultMix, type ServiceFault, serviceFaults, type WorldFault, worldFaults } from './swarm.ts';
import { strikeVms, type VmFaultKind, vmFaultKinds } from './vm-faults.ts';
import type { World } from './world.ts';

export interface InjectorOptions {
  readonly mix: FaultMix;
  /** From then on nothing new breaks, and everything is mended. */
  readonly healAt: Instant;
  /** An operator does not power a host on while an incident about it is open. */
  readonly openIncidentFor: (host: HostId) => boolean;
  /** Whose view of the management network may be cut. */
  readonly observers: readonly string[];
  /** Faults of Lifeboat's own processes: the composition knows how. */
  readonly hooks?: Readonly<Partial<Record<ServiceFault, (strength: number) => void>>>;
  /** At most this share of hosts is struck down one by one at a time (a rack's feed asks nobody). */
  readonly maxDownShare?: number;
}

const OPERATOR_LOOKS_MS = 5_000;
type Strike = WorldFault | ServiceFault;

/** Breaks things until `healAt`, mends everything then, and lets the run come to its end. */
export class FaultInjector {
  readonly #world: World;
  readonly #nova: Nova;
  readonly #prng: Prng;
  readonly #options: InjectorOptions;
  #healed = false;

  constructor(world: World, nova: Nova, prng: Prng, options: InjectorOptions) {
    this.#world = world;
    this.#nova = nova;
    this.#prng = prng.fork('faults');
    this.#options = options;
  }

  get healed(): boolean {
    return this.#healed;
  }

  start(): void {
    this.#levels();
    this.#world.timers.spawn(() => this.#strikes());
    this.#world.timers.spawn(() => this.#guests());
    this.#world.timers.spawn(() => this.#operator());
    this.#world.timers.after(this.#options.healAt - this.#world.now(), () => this.heal());
  }

  #levels(): void {
    const { strength: s } = this.#options.mix;
    this.#world.probeLoss = 0.1 * (s['probe-loss'] ?? 0);
    this.#nova.api.failing = 0.15 * (s['api-failing'] ?? 0);
    this.#nova.api.timingOut = 0.1 * (s['api-timeouts'] ?? 0);
    this.#nova.api.extraLatencyMs = 4_000 * (s['api-slow'] ?? 0);
    this.#nova.api.rebuildFailing = 0.3 * (s['rebuild-fails'] ?? 0);
    this.#nova.api.liveRefused = 0.3 * (s['live-refused'] ?? 0);
    this.#nova.api.liveFailing = 0.3 * (s['live-fails'] ?? 0);
    this.#nova.api.liveHanging = 0.3 * (s['live-hangs'] ?? 0);
  }

  async #strikes(): Promise<void> {
    const { mix } = this.#options;
    const bag = [...worldFaults, ...serviceFaults].flatMap((k) => new Array<Strike>(Math.round(10 * (mix.strength[k] ?? 0))).fill(k));
    if (bag.length === 0) return;
    for (;;) {
      await this.#world.timers.sleep(this.#prng.between(Math.round(mix.everyMs / 2), Math.round(1.5 * mix.everyMs)));
      if (this.#healed) return;
      this.#strike(this.#prng.pick(bag));
    }
  }

  /** At a pace of their own: what else a seed does stays what it was. */
  async #guests(): Promise<void> {
    const { mix } = this.#options;
    const prng = this.#prng.fork('guests');
    const bag = vmFaultKinds.flatMap((k) => new Array<VmFaultKind>(Math.round(10 * (mix.strength[k] ?? 0))).fill(k));
    const later = (loMs: number, hiMs: number, act: () => void) =>
      this.#world.timers.after(prng.between(loMs, hiMs), () => {
        if (!this.#healed) act();
      });
    while (bag.length > 0) {
      await this.#world.timers.sleep(prng.between(mix.everyMs, 3 * mix.everyMs));
      if (this.#healed) return;
      const kind = prng.pick(bag);
      this.#world.fault(kind);
      strikeVms({ world: this.#world, nova: this.#nova, prng, later }, kind);
    }
  }

  /** Powers hosts on that are off and that nobody is dealing with; sooner and more surely once everything is healed. */
  async #operator(): Promise<void> {
    for (;;) {
      await this.#world.timers.sleep(OPERATOR_LOOKS_MS);
      for (const h of this.#world.hosts.values())
        if (!h.switchedOn && !this.#options.openIncidentFor(h.spec.host) && (this.#healed || this.#prng.chance(0.1)))
          this.#world.powerOn(h.spec.host, 'operator, no incident is open for it');
    }
  }

  /** Everything whole again. Hosts without power stay off until no incident is open for them. */
  heal(): void {
    if (this.#healed) return;
    this.#healed = true;
    this.#world.fault('all faults are healed');
    this.#world.probeLoss = 0;
    Object.assign(this.#nova.api, wellApi());
    this.#world.mendStorage();
    for (const o of ['*', ...this.#options.observers]) this.#world.healObserver(o);
    for (const r of this.#world.racks.values()) {
      if (!r.power) {
        for (const host of this.#world.hostsOfRack(r.rack))
          if (this.#options.openIncidentFor(host)) this.#world.host(host).switchedOn = false;
        this.#world.restoreRack(r.rack);
      }
      if (!r.productionSwitch) this.#world.restoreSwitch(r.rack, 'production');
      if (!r.managementSwitch) this.#world.restoreSwitch(r.rack, 'management');
    }
    for (const h of this.#world.hosts.values()) this.#mend(h);
  }

  #mend(h: SimHost): void {
    for (const f of h.fences.values()) Object.assign(f, wellFence);
    h.agentBroken = false;
    h.libvirtAnswers = true;
    this.#world.heal(h.spec.host);
    this.#world.startCompute(h.spec.host);
    this.#world.startAgent(h.spec.host);
  }

  #strike(kind: Strike): void {
    const strength = this.#options.mix.strength[kind] ?? 0;
    const hook = this.#options.hooks?.[kind as ServiceFault];
    if (hook !== undefined) {
      this.#world.fault(kind);
      hook(strength);
    } else if ((worldFaults as readonly string[]).includes(kind)) this.#how[kind as WorldFault](strength);
  }

  /** A host that is up, if few enough are down. */
  #victim(): HostId | undefined {
    const up = [...this.#world.hosts.values()].filter((h) => h.os === 'up').map((h) => h.spec.host);
    const total = this.#world.hosts.size;
    return total - up.length >= (this.#options.maxDownShare ?? 0.34) * total ? undefined : this.#prng.maybe(up);
  }
  #rack(): RackId | undefined {
    return this.#prng.maybe(
      [...this.#world.racks.values()].filter((r) => r.power && r.productionSwitch && r.managementSwitch).map((r) => r.rack),
    );
  }
  /** Mends after a while, unless healing comes first. */
  #later(loMs: number, hiMs: number, mend: () => void): void {
    this.#world.timers.after(this.#prng.between(loMs, hiMs), () => {
      if (!this.#healed) mend();
    });
  }
  #onHost(act: (host: HostId) => void): void {
    const host = this.#victim();
    if (host !== undefined) act(host);
  }
  #onRack(act: (rack: RackId) => void): void {
    const rack = this.#rack();
    if (rack !== undefined) act(rack);
  }
  #cut(management: boolean, production: boolean): void {
    this.#onHost((host) => {
      if (management) this.#world.cutManagement(host);
      const { rack } = this.#world.host(host).spec;
      if (production && !this.#nobodyCouldTell(rack, false, [host])) this.#world.cutProduction(host);
      this.#later(5_000, 180_000, () => this.#world.heal(host));
    });
  }
  #fence(wrong: Partial<Record<'reachable' | 'failing' | 'ignoresOrders', boolean> & { slowMs: number; powersBackOnMs: number }>): void {
    const host = this.#prng.pick([...this.#world.hosts.values()]);
    const device = this.#prng.pick([...host.fences.values()]);
    Object.assign(device, wrong);
    this.#world.fault(`${device.name} of ${host.spec.host}: ${JSON.stringify(wrong)}`);
    this.#later(30_000, 240_000, () => Object.assign(device, wellFence));
  }
  #cutObserver(knowsIt: boolean): void {
    const observer = this.#prng.maybe(this.#options.observers);
    if (observer === undefined) return;
    this.#world.cutObserver(observer, knowsIt);
    this.#later(5_000, 90_000, () => this.#world.healObserver(observer));
  }

  readonly #how: Readonly<Record<WorldFault, (strength: number) => void>> = {
    'host-power': () => this.#onHost((h) => this.#world.powerOff(h, 'crash')),
    'rack-power': () =>
      this.#onRack((rack) => {
        this.#world.failRack(rack);
        this.#later(60_000, 300_000, () => this.#world.restoreRack(rack));
      }),
    'management-link': () => this.#cut(true, false),
    'production-link': () => this.#cut(false, true),
    'both-links': () => this.#cut(true, true),
    'production-switch': () => this.#switch('production'),
    'management-switch': () => this.#switch('management'),
    agent: (strength) =>
      this.#onHost((host) => {
        this.#world.host(host).agentBroken = this.#prng.chance(0.3 * strength);
        this.#world.killAgent(host);
        this.#later(20_000, 200_000, () => {
          this.#world.host(host).agentBroken = false;
          this.#world.startAgent(host);
        });
      }),
    compute: () =>
      this.#onHost((host) => {
        this.#world.killCompute(host);
        this.#later(5_000, 200_000, () => this.#world.startCompute(host));
      }),
    'guest-crash': () => {
      const v = this.#prng.maybe([...this.#world.vms.values()].filter((x) => x.copies.size > 0));
      if (v !== undefined) this.#world.crashVm(v.spec.vm);
    },
    'observer-cut': () => this.#cutObserver(true),
    'observer-cut-unknowing': () => this.#cutObserver(false),
    'fence-unreachable': () => this.#fence({ reachable: false }),
    'fence-slow': () => this.#fence({ slowMs: this.#prng.between(5_000, 60_000) }),
    'fence-failing': () => this.#fence({ failing: true }),
    'fence-ignores': () => this.#fence({ ignoresOrders: true }),
    'power-returns': () => this.#fence({ powersBackOnMs: this.#prng.between(2_000, 60_000) }),
    'early-return': () => {
      const off = this.#prng.maybe([...this.#world.hosts.values()].filter((h) => !h.switchedOn));
      if (off !== undefined) this.#world.powerOn(off.spec.host, 'somebody pressed the button');
    },
    'api-away': () => {
      this.#nova.api.away = true;
      this.#world.fault('the OpenStack API is away');
      this.#later(5_000, 60_000, () => {
        this.#nova.api.away = false;
      });
    },
    'owner-stops': () => {
      const v = this.#prng.maybe([...this.#world.vms.values()].filter((x) => !x.deleted && !x.ownerStopped));
      if (v !== undefined) this.#nova.ownerStops(v.spec.vm);
    },
    'owner-deletes': () => {
      const v = this.#prng.maybe([...this.#world.vms.values()].filter((x) => !x.deleted));
      if (v !== undefined) this.#nova.ownerDeletes(v.spec.vm);
    },
  };

  /**
   * A living rack that is off both networks with its BMCs looks to every observer like one without power, and the rack rule
   * is a proof: as with a fence device that lies, nobody could ever tell. So that is not made.
   */
  #nobodyCouldTell(rack: RackId, managementFails: boolean, offProduction: readonly HostId[]): boolean {
    const world = this.#world;
    if (world.rack(rack).managementSwitch && !managementFails) return false;
    const living = world.hostsOfRack(rack).filter((h) => world.powered(h));
    return living.length > 0 && living.every((h) => offProduction.includes(h) || !world.onProduction(h));
  }

  #switch(network: 'production' | 'management'): void {
    this.#onRack((rack) => {
      const all = network === 'production' ? this.#world.hostsOfRack(rack) : [];
      if (!this.#nobodyCouldTell(rack, network === 'management', all)) this.#world.failSwitch(rack, network);
      this.#later(20_000, 200_000, () => this.#world.restoreSwitch(rack, network));
    });
  }
}
