import type { EventOf, LifeboatEvent } from '@lifeboat/contracts';
import type { EventId, HostId, IncidentId, Instant, VmId } from '@lifeboat/kernel';
import { Consents } from './consents.ts';
import { DrainsSeen } from './drains.ts';
import { incidentsLeftOpen, reportIsTrue, vmsForgotten } from './ending.ts';
import type { Fact, Rule, Violation } from './model.ts';
import type { Nova } from './nova/nova.ts';
import { VmFailuresSeen } from './vm-failures.ts';
import type { World } from './world.ts';

/** An incident as its events tell it, beside what was physically true when it was opened. */
export interface IncidentSeen {
  readonly incident: IncidentId;
  readonly hosts: readonly HostId[];
  readonly openedAt: Instant;
  closedAt: Instant | null;
  readonly isolated: Set<HostId>;
  /** What Nova had on its hosts when it was opened. */
  readonly vms: ReadonlyMap<VmId, { readonly host: HostId; readonly stopped: boolean }>;
  /** VMs that it has asked to evacuate and has not given out of its hands. */
  readonly inHand: Set<VmId>;
  readonly unevacuable: Map<VmId, string>;
  /** VMs that were seen running on their new hosts, and when that was told. */
  readonly verified: Map<VmId, Instant>;
  waitingFor: string | null;
}

/**
 * The safety rules, judged from the world's facts and the events on the bus alone: by code that no service shares.
 * Facts come by themselves; hand every event to `observe` when it is published, before anything can act on it.
 */
export class Checker {
  readonly #world: World;
  readonly #nova: Nova;
  readonly #incidents = new Map<IncidentId, IncidentSeen>();
  readonly #seen = new Set<EventId>();
  /** Hosts that have been off the production network, if only for a moment. */
  readonly #lapsed = new Set<HostId>();
  readonly #vmFailures = new VmFailuresSeen();
  /** VMs that a planned evacuation gave to a person, and when. */
  readonly #leftByDrain = new Map<VmId, Instant>();
  /** Planned evacuations, as they were ordered and told. */
  readonly drains: DrainsSeen;
  /** What people were asked, and what they really answered. */
  readonly consents: Consents;
  readonly #stop: () => void;
  #told = 0;

  constructor(world: World, nova: Nova) {
    this.#world = world;
    this.#nova = nova;
    this.consents = new Consents(world.topology);
    this.drains = new DrainsSeen(world, nova);
    this.#stop = world.onFact((f) => this.#fact(f));
  }

  close(): void {
    this.#stop();
  }

  /** What has broken since the last step. */
  step(): readonly Violation[] {
    const fresh = this.#world.violations.slice(this.#told);
    this.#told = this.#world.violations.length;
    return fresh;
  }

  /** After the faults were healed and time was given to finish: nothing may be left over. Notes are no violations. */
  end(): { readonly violations: readonly Violation[]; readonly notes: readonly string[] } {
    const incidents = [...this.#incidents.values()];
    const at = this.#world.now();
    for (const text of incidentsLeftOpen(incidents, this.#world.tell)) this.#broken('nothing-forgotten', text, at);
    for (const text of this.vmsFailed()) this.#broken('nothing-forgotten', text, at);
    for (const text of this.drains.forgotten()) this.#broken('nothing-forgotten', text, at);
    const toPersons = { itself: (vm: VmId) => this.#vmFailures.isLeftToPerson(vm), byDrain: (vm: VmId) => this.#leftByDrain.get(vm) };
    const { forgotten, notes } = vmsForgotten(this.#world, this.#nova, incidents, toPersons);
    for (const text of forgotten) this.#broken('nothing-forgotten', text, at);
    return { violations: this.#world.violations, notes };
  }

  /** VMs that have failed by themselves and are neither mended nor left as they are with a reason. */
  vmsFailed(): readonly string[] {
    return this.#vmFailures.forgotten(this.#world, this.#nova);
  }
  incidents(): readonly IncidentSeen[] {
    return [...this.#incidents.values()];
  }
  openIncident(host: HostId): IncidentSeen | null {
    for (const i of this.#incidents.values()) if (i.closedAt === null && i.hosts.includes(host)) return i;
    return null;
  }

  observe(e: LifeboatEvent): void {
    if (this.#seen.has(e.id)) return;
    this.#seen.add(e.id);
    this.#vmFailures.observe(e, this.#world.now());
    const unasked = this.consents.observe(e, this.#world.now());
    if (unasked !== null) this.#broken('asked-first', unasked);
    for (const text of this.drains.observe(e)) this.#broken('drain-is-gentle', text);
    switch (e.type) {
      case 'lifeboat.incident.opened':
        this.#opened(e);
        break;
      case 'lifeboat.fault.confirmed':
        for (const host of e.data.hosts) this.#livingTakenForDead(e.data.incident, host);
        break;
      case 'lifeboat.host.isolated':
        this.#incidents.get(e.data.incident)?.isolated.add(e.data.host);
        break;
      case 'lifeboat.incident.waiting':
        this.#with(e.data.incident, (i) => {
          i.waitingFor = `${e.data.for}: ${e.data.reason}`;
        });
        break;
      case 'lifeboat.evacuation.requested':
        this.#proven(e.data.incident, e.data.host, `evacuation of ${e.data.placements.length} VMs was requested`);
        for (const p of e.data.placements) this.#takesInHand(e.data.incident, p.vm);
        break;
      case 'lifeboat.evacuation.started':
        this.#proven(e.data.incident, e.data.from, `evacuation of VM ${e.data.vm} was started`);
        break;
      case 'lifeboat.vm.verified':
        this.#with(e.data.incident, (i) => {
          i.inHand.delete(e.data.vm);
          i.verified.set(e.data.vm, this.#world.now());
        });
        break;
      case 'lifeboat.vm.recovered':
        this.#runsAgain(e);
        break;
      case 'lifeboat.vm.handed-over':
        this.#with(e.data.incident, (i) => i.inHand.delete(e.data.vm));
        break;
      case 'lifeboat.evacuation.failed':
        if (e.data.then !== 'retry') this.#with(e.data.incident, (i) => i.inHand.delete(e.data.vm));
        break;
      case 'lifeboat.vm.unevacuable':
        this.#with(e.data.incident, (i) => {
          i.inHand.delete(e.data.vm);
          i.unevacuable.set(e.data.vm, e.data.reason);
        });
        if (!this.#incidents.has(e.data.incident)) this.#leftByDrain.set(e.data.vm, this.#world.now());
        break;
      case 'lifeboat.incident.closed':
        this.#closed(e);
        break;
      default:
    }
  }

  #with(incident: IncidentId, change: (i: IncidentSeen) => void): void {
    const i = this.#incidents.get(incident);
    if (i !== undefined) change(i);
  }

  /** It failed on its new host after it had been seen there, was mended, and was seen anew: that run counts as seen. */
  #runsAgain(e: EventOf<'lifeboat.vm.recovered'>): void {
    if (this.#world.vm(e.data.vm).runs.at(-1)?.host !== e.data.host) return;
    for (const i of this.#incidents.values())
      if (i.verified.has(e.data.vm) && !i.hosts.includes(e.data.host)) i.verified.set(e.data.vm, this.#world.now());
  }

  #opened(e: EventOf<'lifeboat.incident.opened'>): void {
    const { incident, hosts } = e.data;
    if (this.#incidents.has(incident)) return;
    this.#incidents.set(incident, {
      incident,
      hosts,
      openedAt: this.#world.now(),
      closedAt: null,
      isolated: new Set(),
      vms: new Map(
        hosts.flatMap((h) => this.#nova.serversOn(h).map((s) => [s.vm, { host: h, stopped: s.vmState === 'stopped' }] as const)),
      ),
      inHand: new Set(),
      unevacuable: new Map(),
      verified: new Map(),
      waitingFor: null,
    });
  }

  #closed(e: EventOf<'lifeboat.incident.closed'>): void {
    const i = this.#incidents.get(e.data.incident);
    if (i === undefined || i.closedAt !== null) return;
    for (const text of reportIsTrue(this.#world, this.#nova, i, e.data.vms, this.incidents())) this.#broken('true-reports', text);
    i.closedAt = this.#world.now();
    i.inHand.clear();
  }

  /** (ii) A proof of death for this host in this incident stands on the bus. */
  #proven(incident: IncidentId, host: HostId, what: string): void {
    if (this.#incidents.get(incident)?.isolated.has(host) === true) return;
    this.#broken('death-first', `${what} from ${host} in ${incident} without a proof of death for it`);
  }

  /** (viii) Whoever its peers have seen on the production network all the time is not dead, whatever the management network shows. */
  #livingTakenForDead(incident: IncidentId, host: HostId): void {
    const h = this.#world.host(host);
    if (this.#lapsed.has(host) || h.life !== 1 || !this.#world.onProduction(host)) return;
    this.#broken('spares-the-living', `${incident} takes ${host} for failed, which has been on the production network all the time`);
  }

  /** (vi) A VM is in the hands of one open incident at most. */
  #takesInHand(incident: IncidentId, vm: VmId): void {
    for (const i of this.#incidents.values())
      if (i.incident !== incident && i.closedAt === null && i.inHand.has(vm))
        this.#broken(
          'one-incident-a-vm',
          `${incident} asks to evacuate VM ${vm}, which ${i.incident} (open since ${this.#world.tell(i.openedAt)}) has in hand`,
        );
    this.#incidents.get(incident)?.inHand.add(vm);
  }

  #fact(f: Fact): void {
    if (f.kind === 'fence-order' && f.order === 'off' && this.openIncident(f.host) === null)
      this.#broken('fence-with-incident', `${f.by} orders ${f.host} off (${f.method}) though no incident is open for it`);
    if (f.kind === 'evacuate-call') this.#evacuateCall(f);
    if (f.kind === 'vm' && f.what === 'stopped-by-owner') this.#vmFailures.ownerStopped(f.vm, this.#world.now());
    if (f.kind === 'force-down' || f.kind === 'migrate-call') {
      const text = this.drains.fact(f, this.openIncident(f.kind === 'force-down' ? f.host : f.from) !== null);
      if (text !== null) this.#broken('drain-is-gentle', text);
    }
    if (f.kind === 'restart-call' && !(f.moves === true && this.drains.mayMoveCold(f))) {
      const text = this.#vmFailures.restartsTheWell(f, this.#nova, this.#world.now(), this.#world.tell);
      if (text !== null) this.#broken('restarts-the-failed', text);
    }
    if (f.kind === 'production' && !f.up) this.#lapsed.add(f.host);
  }

  /** (ii) By what is physically true, and by what was proven on the bus. */
  #evacuateCall(f: Extract<Fact, { kind: 'evacuate-call' }>): void {
    const i = this.openIncident(f.from);
    const call = `${f.by} asked Nova to evacuate VM ${f.vm} from ${f.from}`;
    const migrating = this.drains.undecided(f.vm, f.from);
    if (migrating !== null) this.#broken('migration-decided', `${call} ${migrating}`);
    if (f.guestRuns) this.#broken('death-first', `${call}, where its guest still runs`);
    if (i === null) this.#broken('death-first', `${call}, for which no incident is open`);
    else if (!i.isolated.has(f.from)) this.#broken('death-first', `${call} before ${i.incident} had a proof of death for it`);
    // powered on again since it died, with the guest, is another matter: guests do not start by themselves, and it is shut out
    else if (f.poweredOn && f.sameLifeSince < i.openedAt && !this.#diedBefore(f.vm, f.from, f.sameLifeSince))
      this.#broken(
        'death-first',
        `${call}, which has been powered on since ${this.#world.tell(f.sameLifeSince)}, before ${i.incident} was opened at ${this.#world.tell(i.openedAt)}`,
      );
  }

  /** Its last run was on this host, and ended with an earlier life of it. */
  #diedBefore(vm: VmId, host: HostId, life: Instant): boolean {
    const last = this.#world.vm(vm).runs.at(-1);
    return last !== undefined && last.host === host && last.to !== null && last.to <= life && last.crashed !== true;
  }

  #broken(rule: Rule, text: string, at: Instant = this.#world.now()): void {
    this.#world.violated({ at, rule, text: `${this.#world.tell(at)}: ${text}` });
  }
}
