// What the scheduler's tests share: a failed host's story told with few words, and what the scheduler said in return.
import {
  type ClusterPolicy,
  defaultClusterPolicy,
  type EventType,
  encode,
  type FleetVm,
  type LifeboatEvent,
  type Placement,
  type VmReport,
} from '@lifeboat/contracts';
import {
  clusterId,
  type EventId,
  epoch,
  type HostId,
  hostId,
  type IncidentId,
  type Instant,
  incidentId,
  instant,
  rackId,
  type VmId,
  vmId,
} from '@lifeboat/kernel';
import type { CloudVm } from '@lifeboat/ports';
import { schedule } from './decide.ts';
import type { SurveyEffect, SurveyResult } from './effects.ts';
import { defaultSchedulerSettings, type SchedulerSettings } from './settings.ts';
import { initialState, type SchedulerState } from './state.ts';
import type { SchedulerInput } from './step.ts';

export const INCIDENT = incidentId('inc-h1-1');
export const v = (n: number): VmId => vmId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);
const short = (vm: string): string => `v${Number(vm.slice(-12))}`;
type DataOf<T extends EventType> = Extract<LifeboatEvent, { type: T }>['data'];

/** A VM as Nova has it, and where the plan would put it: a host, 'no-room', or 'never'. */
interface Vm {
  host: string;
  status: string;
  priority: number;
  to: string;
  /** Where it would go if not there. */
  other?: string;
  /** What Nova is doing with it. */
  task?: string;
}
export interface StoryOptions {
  readonly policy?: Partial<ClusterPolicy>;
  readonly policies?: Readonly<Record<string, Partial<ClusterPolicy>>>;
  readonly clusterOf?: Readonly<Record<string, string>>;
  readonly settings?: Partial<SchedulerSettings>;
}

export class IncidentStory {
  readonly settings: SchedulerSettings;
  state: SchedulerState = initialState;
  now = 1_000_000;
  /** What Nova has. */
  readonly nova = new Map<VmId, Vm>();
  cloudFails = false;
  readonly surveys: SurveyEffect[] = [];
  readonly told: LifeboatEvent[] = [];
  #pending: SurveyEffect[] = [];
  #events = 0;

  constructor(o: StoryOptions = {}) {
    const hosts = ['h1', 'h2', 'h3', 'h4', 'h5'];
    this.settings = {
      ...defaultSchedulerSettings,
      clusterOf: new Map(hosts.map((h) => [hostId(h), clusterId(o.clusterOf?.[h] ?? 'main')])),
      policyOf: (cluster) => ({ ...defaultClusterPolicy, ...(o.policies?.[cluster] ?? o.policy) }),
      ...o.settings,
    };
    this.input({ kind: 'started', epoch: epoch(3), at: this.at });
    for (const host of hosts) this.agent(host);
  }

  get at(): Instant {
    return instant(this.now);
  }

  input(input: SchedulerInput): this {
    const step = schedule(this.settings)(this.state, input);
    this.state = step.state;
    for (const o of step.outputs) {
      if (o.kind === 'do') {
        if (o.effect.kind !== 'survey') continue;
        this.surveys.push(o.effect);
        this.#pending.push(o.effect);
        continue;
      }
      const event = this.#event(o.event.type, o.event.data);
      encode(event);
      this.told.push(event);
    }
    return this;
  }

  hear<T extends EventType>(type: T, data: DataOf<T>): this {
    const event = this.#event(type, data);
    encode(event);
    return this.input({ kind: 'event', event, at: this.at });
  }

  #event(type: EventType, data: object): LifeboatEvent {
    this.#events += 1;
    const id = this.#events.toString(16).padStart(32, '0') as EventId;
    const { incident } = data as { incident?: IncidentId };
    return {
      type,
      data,
      id,
      source: 'test/1',
      time: this.at,
      sequence: this.#events,
      ...(incident === undefined ? {} : { incident }),
    } as LifeboatEvent;
  }

  /** Lets time pass second by second; surveys whose time has come are answered from what Nova has. */
  run(seconds: number): this {
    for (let i = 0; i < seconds; i++) {
      this.now += 1_000;
      this.answer();
      this.input({ kind: 'tick', at: this.at });
    }
    return this.answer();
  }

  answer(): this {
    for (let due = this.#due(); due !== undefined; due = this.#due()) {
      const effect = due;
      this.#pending = this.#pending.filter((e) => e !== effect);
      this.input({ kind: 'settled', effect, result: this.#survey(effect), at: this.at });
    }
    return this;
  }

  #due = (): SurveyEffect | undefined => this.#pending.find((e) => (e.notBefore ?? 0) <= this.now);

  #survey(e: SurveyEffect): SurveyResult {
    if (this.cloudFails) return { ok: false, code: 'CLOUD_UNREACHABLE', detail: 'no route' };
    const there = [...this.nova].filter(([, x]) => e.hosts.some((h) => h === x.host));
    const vms = there.map(
      ([vm, x]): FleetVm => ({
        vm,
        name: short(vm),
        host: hostId(x.host),
        size: { vcpus: 1, memoryMb: 2, diskGb: 3 },
        businessType: '',
        performance: 'standard',
        priority: x.priority,
        status: x.status,
      }),
    );
    const toPlan = vms.filter((x) => !e.skip.includes(x.vm));
    const to = (vm: VmId): string => {
      const { to: best = 'no-room', other = 'no-room' } = this.nova.get(vm) ?? {};
      return e.avoid?.[vm]?.some((h) => h === best) === true ? other : best;
    };
    const placements = toPlan
      .filter((x) => to(x.vm).startsWith('h'))
      .map((x): Placement => ({ vm: x.vm, from: x.host, to: hostId(to(x.vm)), alternates: [], priority: x.priority, because: 'room' }));
    const unplaced = toPlan
      .filter((x) => !to(x.vm).startsWith('h'))
      .map((x) => {
        const kind = to(x.vm) === 'never' ? ('never' as const) : ('no-room' as const);
        return { vm: x.vm, from: x.host, kind, because: kind === 'never' ? 'PCI passthrough' : 'no host has room' };
      });
    const elsewhere = e.waiting.flatMap((vm): CloudVm[] => {
      const x = this.nova.get(vm);
      if (x === undefined || vms.some((y) => y.vm === vm)) return [];
      return [{ vm, name: short(vm), host: hostId(x.host), status: x.status, vmState: 'active', task: x.task ?? null, fault: null }];
    });
    return {
      ok: true,
      vms,
      elsewhere,
      plan: { placements, unplaced, certificate: { placed: placements.length, upperBound: toPlan.length, spread: [] } },
    };
  }

  // ---- what happens ----

  has(n: number, change: Partial<Vm> = {}): this {
    this.nova.set(v(n), { host: 'h1', status: 'ACTIVE', priority: 500, to: 'h2', ...change });
    return this;
  }

  agent(
    host: string,
    there: readonly number[] = [],
    session = `${host}-s1`,
    states: Readonly<Record<number, VmReport['state']>> = {},
    since: Instant = this.at,
  ): this {
    const vms = there.map((n) => ({ ...this.#report(n, states[n]), since }));
    return this.hear('lifeboat.agent.registered', { host: hostId(host), session, bootId: 'b', vms, peers: [], at: this.at });
  }

  #report = (n: number, state: VmReport['state'] = 'running'): VmReport => ({ vm: v(n), state, since: this.at });

  seen(n: number, host: string, state: VmReport['state'] = 'running'): this {
    const data = { host: hostId(host), session: `${host}-s1`, changed: [this.#report(n, state)], gone: [], peers: [], at: this.at };
    return this.hear('lifeboat.agent.reported', data);
  }

  agentLost(host: string, session = `${host}-s1`, up: readonly number[] = [], state: VmReport['state'] = 'running'): this {
    const vms = up.map((n) => this.#report(n, state));
    return this.hear('lifeboat.agent.lost', { host: hostId(host), session, reason: 'session-lapsed', vms, at: this.at });
  }

  fails(hosts: readonly string[] = ['h1'], incident = INCIDENT, rackRule = false): this {
    for (const h of hosts) this.agentLost(h);
    return this.hear('lifeboat.fault.confirmed', this.fault(hosts, incident, rackRule)).answer();
  }

  /** What the correlator tells at this moment. */
  fault(hosts: readonly string[] = ['h1'], incident = INCIDENT, rackRule = false) {
    const clusters = [...new Set(hosts.map((h) => this.settings.clusterOf.get(hostId(h)) ?? clusterId('main')))].sort();
    const verdict = rackRule ? ('rack power failure' as const) : ('host failure' as const);
    const common = { incident, verdict, rule: 'both networks dead', evidence: [], clusters, racks: [rackId('r1')] };
    return { ...common, hosts: hosts.map(hostId), suspectedAt: this.at, rackRule, at: this.at };
  }

  returns(host = 'h1', restarted = false, incident = INCIDENT): this {
    return this.hear('lifeboat.fault.cleared', { host: hostId(host), was: 'host failure', restarted, incident, at: this.at }).answer();
  }

  isolated(host = 'h1', incident = INCIDENT): this {
    const proof = { host: hostId(host), kind: 'fence' as const, method: 'bmc', at: this.at, detail: 'off' };
    return this.hear('lifeboat.host.isolated', { incident, host: hostId(host), proof, at: this.at });
  }

  shutOut(host = 'h1', incident = INCIDENT): this {
    return this.hear('lifeboat.host.shut-out', { incident, host: hostId(host), at: this.at }).answer();
  }

  isolationFailed(host = 'h1'): this {
    const methods = [{ method: 'bmc', code: 'FENCE_TIMEOUT', detail: '30 s' }];
    return this.hear('lifeboat.isolation.failed', {
      incident: INCIDENT,
      host: hostId(host),
      attempt: 1,
      methods,
      nextAt: this.at,
      at: this.at,
    });
  }

  withdrawn(host = 'h1'): this {
    return this.hear('lifeboat.isolation.withdrawn', { incident: INCIDENT, host: hostId(host), at: this.at });
  }

  /** Nova has moved it; whether it runs is for its new host's agent to say. */
  moved(n: number, to = 'h2', o: { status?: string; leftStopped?: string; incident?: IncidentId; from?: string } = {}): this {
    const vm = this.nova.get(v(n));
    if (vm !== undefined) this.nova.set(v(n), { ...vm, host: to, status: o.status ?? 'ACTIVE' });
    const from = hostId(o.from ?? 'h1');
    const left = o.leftStopped === undefined ? {} : { leftStopped: o.leftStopped };
    const status = o.status ?? 'ACTIVE';
    const data = { incident: o.incident ?? INCIDENT, vm: v(n), from, to: hostId(to), status, ...left, tookMs: 5, at: this.at };
    return this.hear('lifeboat.vm.evacuated', data).answer();
  }

  notMoved(n: number, then: 'retry' | 'never' | 'gone' = 'retry', code = 'CLOUD_CONFLICT', to?: string): this {
    const last = to === undefined ? {} : { to: hostId(to) };
    const data = { incident: INCIDENT, vm: v(n), from: hostId('h1'), ...last, attempt: 1, code, reason: 'as Nova said', then, at: this.at };
    return this.hear('lifeboat.evacuation.failed', data).answer();
  }

  answers(answer: 'evacuate' | 'do-not', confirmation: string, by = 'Mei'): this {
    return this.hear('lifeboat.confirmation.received', {
      incident: INCIDENT,
      confirmation,
      answer,
      by,
      channel: 'sms',
      at: this.at,
    }).answer();
  }

  released(host: string): this {
    return this.hear('lifeboat.host.released', { incident: INCIDENT, host: hostId(host), at: this.at });
  }

  // ---- what was told ----

  /** All of it, or only what begins with one of these. */
  words(...beginning: string[]): string[] {
    return this.told.map(sentence).filter((w) => beginning.length === 0 || beginning.some((b) => w.startsWith(b)));
  }

  last<T extends EventType>(type: T): Extract<LifeboatEvent, { type: T }> | undefined {
    return this.told.findLast((e): e is Extract<LifeboatEvent, { type: T }> => e.type === type);
  }

  get confirmation(): string {
    return this.last('lifeboat.confirmation.requested')?.data.confirmation ?? 'none';
  }

  get open(): boolean {
    return this.state.incidents.size > 0;
  }
}

function sentence(e: LifeboatEvent): string {
  const name = e.type.replace('lifeboat.', '');
  switch (e.type) {
    case 'lifeboat.incident.opened':
      return `${name} ${e.data.automation}`;
    case 'lifeboat.plan.made':
      return `${name} ${e.data.plan.placements.length} placed, ${e.data.plan.unplaced.length} not`;
    case 'lifeboat.evacuation.requested':
      return `${name} ${e.data.host}: ${e.data.placements.map((p) => `${short(p.vm)} to ${p.to}`).join(', ')}`;
    case 'lifeboat.vm.verified':
      return `${name} ${short(e.data.vm)} on ${e.data.host}`;
    case 'lifeboat.vm.unevacuable':
      return `${name} ${short(e.data.vm)}: ${e.data.reason}`;
    case 'lifeboat.vm.handed-over':
      return `${name} ${short(e.data.vm)} to ${e.data.to}`;
    case 'lifeboat.incident.waiting':
      return `${name} ${e.data.for}: ${e.data.reason}`;
    case 'lifeboat.confirmation.requested':
      return `${name} ${e.data.confirmation.split('/').at(-1)}: ${e.data.vms} VMs`;
    case 'lifeboat.confirmation.expired':
    case 'lifeboat.confirmation.refused':
      return `${name}: ${e.data.reason}`;
    case 'lifeboat.incident.closed': {
      const vms = e.data.vms.map((x) => `${short(x.vm)} ${x.outcome}${x.host === undefined ? '' : ` on ${x.host}`}`);
      return `${name} ${e.data.outcome}${vms.length === 0 ? '' : `: ${vms.join(', ')}`}`;
    }
    default:
      return 'host' in e.data ? `${name} ${(e.data as { host: HostId }).host}` : name;
  }
}
