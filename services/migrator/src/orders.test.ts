// What the migrator's tests share: orders in, acts and events out, in words; each act is settled by hand.
import { type EventType, encode, type LifeboatEvent, type Placement } from '@lifeboat/contracts';
import {
  type EventId,
  epoch,
  type HostId,
  hostId,
  type IncidentId,
  type Instant,
  incidentId,
  instant,
  type VmId,
  vmId,
} from '@lifeboat/kernel';
import type { CloudVm, EvacuationRecord } from '@lifeboat/ports';
import { migrate } from './decide.ts';
import type { MigratorEffect, MigratorResult, WatchEffect } from './effects.ts';
import { defaultMigratorSettings, type MigratorSettings } from './settings.ts';
import { type Isolation, initialState, isolationOf, type MigratorState, type Move, moveKey } from './state.ts';
import type { MigratorInput } from './step.ts';

export const INCIDENT = incidentId('inc-h1-1');
export const v = (n: number): VmId => vmId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);
const short = (vm: string): string => `v${Number(vm.slice(-12))}`;
type DataOf<T extends EventType> = Extract<LifeboatEvent, { type: T }>['data'];
type Effect<K extends MigratorEffect['kind']> = Extract<MigratorEffect, { kind: K }>;

/** Where Nova has a VM, what its records say of it. */
export interface Look {
  readonly host?: string;
  readonly status?: string;
  readonly task?: string | null;
  readonly fault?: string;
  readonly storageLocked?: boolean;
  /** Newest first: 'running', 'done' or 'failed', each with an id of its own. */
  readonly records?: readonly (readonly [id: string, state: EvacuationRecord['state'], to?: string])[];
  readonly unseen?: boolean;
}

export class Orders {
  readonly settings: MigratorSettings;
  state: MigratorState = initialState;
  now = 1_000_000;
  readonly told: LifeboatEvent[] = [];
  /** Everything that was asked for, and what of it is not settled. */
  readonly acts: MigratorEffect[] = [];
  owed: MigratorEffect[] = [];
  #events = 0;

  constructor(change: Partial<MigratorSettings> = {}) {
    this.settings = {
      ...defaultMigratorSettings,
      methodsOf: () => ['bmc', 'strip'],
      deviceOf: (host, method) => `${method}-of-${host}`,
      ...change,
    };
  }

  get at(): Instant {
    return instant(this.now);
  }

  input(input: MigratorInput): this {
    const step = migrate(this.settings)(this.state, input);
    this.state = step.state;
    for (const o of step.outputs) {
      if (o.kind === 'do') {
        this.acts.push(o.effect);
        this.owed.push(o.effect);
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
    return { type, data, id, source: 'test/1', time: this.at, sequence: this.#events } as LifeboatEvent;
  }

  run(seconds: number): this {
    for (let i = 0; i < seconds * 2; i++) {
      this.now += 500;
      this.input({ kind: 'tick', at: this.at });
    }
    return this;
  }

  // ---- orders ----

  isolate(host = 'h1', o: { epoch?: number; rackRule?: boolean; incident?: IncidentId } = {}): this {
    const proof = o.rackRule
      ? { proof: { host: hostId(host), kind: 'rack-rule' as const, method: 'rack rule', at: this.at, detail: 'all' } }
      : {};
    return this.hear('lifeboat.isolation.requested', {
      incident: o.incident ?? INCIDENT,
      host: hostId(host),
      epoch: o.epoch ?? 1,
      at: this.at,
      ...proof,
    });
  }

  recall(host = 'h1', by = 1): this {
    return this.hear('lifeboat.isolation.recalled', { incident: INCIDENT, host: hostId(host), epoch: by, at: this.at });
  }

  /** 'v1 to h2, else h3' is { 1: ['h2', 'h3'] }. */
  evacuate(
    vms: Readonly<Record<number, readonly string[]>>,
    o: {
      epoch?: number;
      stopped?: readonly number[];
      attempt?: number;
      priority?: (n: number) => number;
      host?: string;
      incident?: IncidentId;
      confirmation?: string;
    } = {},
  ): this {
    const host = hostId(o.host ?? 'h1');
    const placements = Object.entries(vms).map(
      ([n, [to, ...others]]): Placement => ({
        vm: v(Number(n)),
        from: host,
        to: hostId(to ?? 'h2'),
        alternates: others.map(hostId),
        priority: o.priority?.(Number(n)) ?? 500,
        because: 'room',
      }),
    );
    const proof = { host, kind: 'person' as const, method: 'Mei', at: this.at, detail: 'as the order says' };
    const data = {
      incident: o.incident ?? INCIDENT,
      host,
      attempt: o.attempt ?? 1,
      proof,
      placements,
      stopped: (o.stopped ?? []).map(v),
      epoch: o.epoch ?? 1,
      ...(o.confirmation === undefined ? {} : { confirmation: o.confirmation }),
      at: this.at,
    };
    return this.hear('lifeboat.evacuation.requested', data);
  }

  release(host = 'h1'): this {
    return this.hear('lifeboat.release.requested', { incident: INCIDENT, host: hostId(host), epoch: 1, at: this.at });
  }

  closed(hosts: readonly string[] = ['h1']): this {
    const data = { incident: INCIDENT, hosts: hosts.map(hostId), outcome: 'evacuated' as const, vms: [], openedAt: this.at, at: this.at };
    return this.hear('lifeboat.incident.closed', data);
  }

  // ---- what became of the acts ----

  /** The first act of this kind (about this VM) that is owed. */
  owedOf<K extends MigratorEffect['kind']>(kind: K, n?: number): Effect<K> | undefined {
    return this.owed.find((e): e is Effect<K> => e.kind === kind && (n === undefined || ('vm' in e && e.vm === v(n))));
  }

  settle<K extends MigratorEffect['kind']>(kind: K, result: MigratorResult, n?: number): this {
    const effect = this.owedOf(kind, n);
    if (effect === undefined) throw new Error(`no ${kind} is owed; owed: ${this.owed.map((e) => e.operation).join(', ')}`);
    this.owed = this.owed.filter((e) => e !== effect);
    this.now = Math.max(this.now, effect.notBefore ?? 0);
    return this.input({ kind: 'settled', effect, result, at: this.at });
  }

  fenced(method = 'bmc', host = 'h1'): this {
    return this.settle('fence', { kind: 'fence', proof: { host: hostId(host), kind: 'fence', method, at: this.at, detail: 'off' } });
  }

  fenceFails(code = 'FENCE_TIMEOUT'): this {
    return this.settle('fence', { kind: 'fence-failed', code, detail: '30 s' });
  }

  /** Isolated and shut out of Nova. */
  dead(host = 'h1'): this {
    return this.isolate(host).fenced('bmc', host).settle('shut-out', { kind: 'shut-out' });
  }

  taken(n: number, adopted = false): this {
    return this.settle('evacuate', { kind: 'taken', adopted }, n);
  }

  refused(n: number, then: 'same' | 'next' | 'never', code = 'CLOUD_REFUSED'): this {
    return this.settle('evacuate', { kind: 'refused', then, code, detail: 'as Nova said' }, n);
  }

  /** The watch comes back; VMs not named do not exist any more. */
  watched(looks: Readonly<Record<number, Look>>): this {
    const effect = this.owedOf('watch') as WatchEffect;
    const all = Object.entries(looks);
    const records = all.flatMap(([n, look]) =>
      (look.records ?? []).map(
        ([id, state, to]): EvacuationRecord => ({
          id,
          vm: v(Number(n)),
          from: effect.host,
          to: hostId(to ?? 'h2'),
          state,
          status: state,
          createdAt: '',
        }),
      ),
    );
    const vms = all
      .filter(([, look]) => look.unseen !== true)
      .map(
        ([n, look]): CloudVm => ({
          vm: v(Number(n)),
          name: `v${n}`,
          host: hostId(look.host ?? 'h1'),
          status: look.status ?? 'ACTIVE',
          vmState: 'active',
          task: look.task ?? null,
          fault: look.fault ?? null,
          storageLocked: look.storageLocked ?? false,
        }),
      );
    return this.settle('watch', {
      kind: 'watched',
      vms,
      unseen: all.filter(([, look]) => look.unseen).map(([n]) => v(Number(n))),
      records,
    });
  }

  // ---- what is to be seen ----

  isolation = (host = 'h1'): Isolation | undefined => isolationOf(this.state, INCIDENT, hostId(host));
  move = (n: number, incident = INCIDENT): Move | undefined => this.state.moves.get(moveKey(incident, v(n)));
  /** 'evacuate v1 to h2' for each call ever asked for. */
  get calls(): string[] {
    return this.acts.flatMap((e) => (e.kind === 'evacuate' ? [`${short(e.vm)} to ${e.to}`] : []));
  }

  words(...beginning: string[]): string[] {
    return this.told.map(sentence).filter((w) => beginning.length === 0 || beginning.some((b) => w.startsWith(b)));
  }

  started = (by: number): this => this.input({ kind: 'started', epoch: epoch(by), at: this.at });
}

function sentence(e: LifeboatEvent): string {
  const name = e.type.replace('lifeboat.', '');
  switch (e.type) {
    case 'lifeboat.host.isolated':
      return `${name} ${e.data.host} by ${e.data.proof.kind} ${e.data.proof.method}`;
    case 'lifeboat.isolation.failed':
      return `${name} ${e.data.host}: ${e.data.methods.map((m) => `${m.method} ${m.code}`).join(', ')}`;
    case 'lifeboat.evacuation.started':
      return `${name} ${short(e.data.vm)} to ${e.data.to}${e.data.adopted ? ', adopted' : ''}`;
    case 'lifeboat.vm.evacuated':
      return `${name} ${short(e.data.vm)} to ${e.data.to} ${e.data.status}${e.data.leftStopped === undefined ? '' : `, left so: ${e.data.leftStopped}`}`;
    case 'lifeboat.evacuation.failed':
      return `${name} ${short(e.data.vm)}, ${e.data.then}: ${e.data.code}: ${e.data.reason}`;
    default:
      return 'host' in e.data ? `${name} ${(e.data as { host: HostId }).host}` : name;
  }
}
