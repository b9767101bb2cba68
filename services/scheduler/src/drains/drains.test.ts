import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClusterPolicy, defaultClusterPolicy, type EventType, encode, type FleetVm, type LifeboatEvent } from '@lifeboat/contracts';
import { clusterId, type EventId, epoch, type HostId, hostId, type Instant, incidentId, instant, type VmId, vmId } from '@lifeboat/kernel';
import { schedule } from '../decide.ts';
import type { DrainSurveyEffect, SchedulerEffect, SchedulerResult } from '../effects.ts';
import { defaultSchedulerSettings, type SchedulerSettings } from '../settings.ts';
import { initialState, type SchedulerState } from '../state.ts';
import type { SchedulerInput } from '../step.ts';

type DataOf<T extends EventType> = Extract<LifeboatEvent, { type: T }>['data'];
const v = (n: number): VmId => vmId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);
const short = (vm: string): string => `v${Number(vm.slice(-12))}`;
const h1 = hostId('h1');
const by = 'li.wei';

/** A host that is well, with VMs: where each would go ('no-room' or 'never' are places, too). */
class Draining {
  state: SchedulerState = initialState;
  now = 1_000_000;
  readonly told: LifeboatEvent[] = [];
  readonly nova = new Map<VmId, { host: HostId; to: string; status: string }>();
  owed: SchedulerEffect[] = [];
  cloudFails = false;
  readonly #settings: SchedulerSettings;
  #events = 0;

  constructor(policy: Partial<ClusterPolicy> = {}, vms: Readonly<Record<number, readonly [to: string, status?: string]>> = {}) {
    const clusterOf = new Map(['h1', 'h2', 'h3'].map((h) => [hostId(h), clusterId('main')]));
    this.#settings = { ...defaultSchedulerSettings, clusterOf, policyOf: () => ({ ...defaultClusterPolicy, ...policy }) };
    for (const [n, [to, status = 'ACTIVE']] of Object.entries(vms)) this.nova.set(v(Number(n)), { host: h1, to, status });
    this.input({ kind: 'started', epoch: epoch(3), at: this.at });
    for (const host of ['h1', 'h2', 'h3']) this.agent(host);
  }
  get at(): Instant {
    return instant(this.now);
  }
  input(input: SchedulerInput): this {
    const step = schedule(this.#settings)(this.state, input);
    this.state = step.state;
    for (const o of step.outputs) {
      if (o.kind === 'do') this.owed.push(o.effect);
      else {
        const event = this.#event(o.event.type, o.event.data);
        encode(event);
        this.told.push(event);
      }
    }
    return this;
  }
  hear<T extends EventType>(type: T, data: DataOf<T>): this {
    this.now += 100;
    return this.input({ kind: 'event', event: this.#event(type, data), at: this.at });
  }
  #event(type: EventType, data: object): LifeboatEvent {
    this.#events += 1;
    const { incident } = data as { incident?: string };
    const id = this.#events.toString(16).padStart(32, '0') as EventId;
    const e = { type, data, id, source: 'test/1', time: this.at, sequence: this.#events };
    return (incident === undefined ? e : { ...e, incident }) as LifeboatEvent;
  }
  agent(host: string, state: 'running' | null = null, n = 0): this {
    const of = { host: hostId(host), session: `s-${host}`, bootId: 'b', peers: [], vms: [], at: this.at };
    if (state === null) return this.hear('lifeboat.agent.registered', { ...of, agentVersion: '1', vmsKnown: true } as never);
    const changed = [{ vm: v(n), state, since: this.at }];
    return this.hear('lifeboat.agent.reported', {
      host: hostId(host),
      session: `s-${host}`,
      changed,
      gone: [],
      peers: [],
      at: this.at,
    } as never);
  }
  /** Answers what is owed about the drain as Nova is. */
  answer(): this {
    const surveys = this.owed.filter((e): e is DrainSurveyEffect => e.kind === 'survey-drain');
    this.owed = this.owed.filter((e) => e.kind !== 'survey-drain');
    for (const effect of surveys) {
      this.now = Math.max(this.now, effect.notBefore ?? 0);
      this.input({ kind: 'settled', effect, result: this.#survey(effect), at: this.at });
    }
    return this;
  }
  #survey(e: DrainSurveyEffect): SchedulerResult {
    if (this.cloudFails) return { ok: false, code: 'CLOUD_TIMEOUT', detail: 'away' };
    const there = [...this.nova].filter(([vm, x]) => x.host === e.host && !e.skip.includes(vm) && (e.only === null || e.only.includes(vm)));
    const certificate = { placed: 0, upperBound: 0, spread: [] };
    const placements = there.flatMap(([vm, { to }]) =>
      to === 'no-room' || to === 'never'
        ? []
        : [{ vm, from: e.host, to: hostId(to), alternates: [], priority: 500, because: 'own cluster' }],
    );
    const unplaced = there.flatMap(([vm, { to }]) =>
      to === 'no-room' || to === 'never' ? [{ vm, from: e.host, because: to === 'never' ? 'PCI' : 'full', kind: to } as const] : [],
    );
    const elsewhere = [...new Set([...(e.only ?? []), ...e.waiting])].flatMap((vm) => {
      const x = this.nova.get(vm);
      const is = { vm, name: short(vm), status: 'ACTIVE', vmState: 'active', task: null, fault: null };
      return x === undefined || x.host === e.host ? [] : [{ ...is, host: x.host }];
    });
    const vms = there.map(
      ([vm, { host, status }]): FleetVm => ({
        ...{ vm, name: short(vm), host, status, size: { vcpus: 1, memoryMb: 1, diskGb: 1 } },
        ...{ businessType: '', performance: 'standard', priority: 500 },
      }),
    );
    return { ok: true, vms, elsewhere, plan: { placements, unplaced, certificate } };
  }
  chooses(o: { vms?: readonly number[]; cold?: boolean; disable?: boolean; host?: string } = {}): this {
    const { host = 'h1', disable = true } = o;
    const vms = o.vms === undefined ? {} : { vms: o.vms.map(v) };
    const cold = o.cold === undefined ? {} : { cold: o.cold };
    return this.hear('lifeboat.drain.chosen', { host: hostId(host), ...vms, ...cold, disable, by, at: this.at });
  }
  get incident() {
    return this.last('lifeboat.drain.opened')?.data.incident ?? incidentId('inc-none');
  }
  aside(disabled: 'by-us' | 'by-others' | 'no' = 'by-us'): this {
    return this.hear('lifeboat.host.set-aside', { incident: this.incident, host: h1, disabled, reason: 'r', at: this.at }).answer();
  }
  /** Drained until the VMs are ordered. */
  begins(o: Parameters<Draining['chooses']>[0] = {}): this {
    return this.chooses(o).aside();
  }
  starts(n: number, to = 'h2'): this {
    const data = {
      incident: this.incident,
      vm: v(n),
      from: h1,
      to: hostId(to),
      how: 'live' as const,
      attempt: 1,
      adopted: false,
      at: this.at,
    };
    return this.hear('lifeboat.migration.started', data);
  }
  arrives(n: number, to = 'h2', how: 'live' | 'cold' = 'live', status = 'ACTIVE'): this {
    const was = this.nova.get(v(n));
    if (was !== undefined) this.nova.set(v(n), { ...was, host: hostId(to) });
    const fault = status === 'ERROR' ? { fault: 'as Nova said' } : {};
    const way = { how, status, ...fault, migration: 'm', tookMs: 5_000 };
    const data = { incident: this.incident, vm: v(n), from: h1, to: hostId(to), ...way, at: this.at };
    return this.hear('lifeboat.vm.migrated', data).answer();
  }
  fails(n: number, then: 'retry' | 'never' | 'gone' | 'ended', code = 'CLOUD_REFUSED'): this {
    const data = { incident: this.incident, vm: v(n), from: h1, attempt: 1, code, reason: 'as Nova said', then, at: this.at };
    return this.hear('lifeboat.migration.failed', data).answer();
  }
  hostFails(): this {
    const of = {
      incident: incidentId('inc-h1-9'),
      hosts: [h1],
      clusters: [clusterId('main')],
      racks: [],
      evidence: [],
      suspectedAt: this.at,
    };
    return this.hear('lifeboat.fault.confirmed', { ...of, verdict: 'host failure', rule: 'r', rackRule: false, at: this.at });
  }
  ticks(n: number): this {
    for (let i = 0; i < n; i++) {
      this.now += 1_000;
      this.input({ kind: 'tick', at: this.at }).answer();
    }
    return this;
  }
  last<T extends EventType>(type: T): Extract<LifeboatEvent, { type: T }> | undefined {
    return this.told.findLast((e): e is Extract<LifeboatEvent, { type: T }> => e.type === type);
  }
  refusals = (): string[] => this.told.flatMap((e) => (e.type === 'lifeboat.order.refused' ? [e.data.reason] : []));
  get orders(): string[] {
    return this.told.flatMap((e) =>
      e.type === 'lifeboat.migration.requested'
        ? e.data.placements.map((p) => `${short(p.vm)} to ${p.to}${e.data.cold ? ', cold allowed' : ''}`)
        : [],
    );
  }
  get report(): string[] {
    const closed = this.last('lifeboat.drain.closed')?.data;
    if (closed === undefined) return ['open'];
    return [closed.outcome, ...closed.vms.map((x) => `${short(x.vm)} ${x.outcome} ${x.host ?? ''} ${x.how ?? ''}`.trimEnd())];
  }
}

describe('a drain', () => {
  it('keeps new VMs away first, then plans, orders, and reports each VM: where, how, in what time', () => {
    const d = new Draining({}, { 1: ['h2'], 2: ['h3', 'SHUTOFF'] }).chooses();
    assert.deepEqual([d.last('lifeboat.drain.opened')?.data.disable, d.orders], [true, []]);
    d.aside();
    assert.deepEqual(d.orders, ['v1 to h2', 'v2 to h3']);
    const because = d.last('lifeboat.drain.planned')?.data.plan.placements.map((p) => p.because);
    assert.deepEqual(because, ['live; own cluster', 'cold, it is stopped; own cluster']);
    assert.deepEqual(d.last('lifeboat.migration.requested')?.data.stopped, [v(2)]);
    d.starts(1).arrives(1).arrives(2, 'h3', 'cold', 'SHUTOFF');
    assert.deepEqual(d.report, ['emptied', 'v1 moved h2 live', 'v2 moved h3 cold']);
    assert.equal(d.last('lifeboat.drain.closed')?.data.vms[0]?.tookMs, 5_000);
  });
  it('is looked at once more before its end: a VM that was put there meanwhile leaves, too', () => {
    const d = new Draining({}, { 1: ['h2'] }).begins().starts(1);
    d.nova.set(v(7), { host: h1, to: 'h3', status: 'ACTIVE' });
    d.arrives(1);
    assert.deepEqual([d.orders, d.report], [['v1 to h2', 'v7 to h3'], ['open']]);
    assert.deepEqual(d.arrives(7, 'h3').report[0], 'emptied');
  });
  it('of some VMs leaves the others alone; one that is elsewhere or nowhere is told as that', () => {
    const d = new Draining({}, { 1: ['h2'], 2: ['h2'], 3: ['h2'] });
    d.nova.set(v(3), { host: hostId('h3'), to: 'h2', status: 'ACTIVE' });
    d.begins({ vms: [1, 3, 4] }).arrives(1);
    assert.deepEqual([d.orders, d.report], [['v1 to h2'], ['emptied', 'v1 moved h2 live', 'v3 moved h3', 'v4 gone']]);
  });
  it('one that waited and has been moved by somebody else since is told where it is, one that was deleted as that', () => {
    const d = new Draining({}, { 1: ['no-room'], 2: ['no-room'] }).begins();
    d.nova.set(v(1), { host: hostId('h3'), to: 'h2', status: 'ACTIVE' });
    d.nova.delete(v(2));
    assert.deepEqual(d.ticks(10).report, ['emptied', 'v1 moved h3', 'v2 gone']);
  });
  it('an empty host is emptied at once', () => assert.deepEqual(new Draining().begins().report, ['emptied']));
  it('may restart VMs only where the cluster or the order says so', () => {
    for (const [policy, cold, may] of [
      [{}, undefined, false],
      [{}, true, true],
      [{ drain: { cold: 'where-live-fails' } }, undefined, true],
      [{ drain: { cold: 'where-live-fails' } }, false, false],
    ] as const) {
      const d = new Draining(policy, { 1: ['h2'] }).begins(cold === undefined ? {} : { cold });
      assert.deepEqual(d.orders, [`v1 to h2${may ? ', cold allowed' : ''}`]);
      const because = d.last('lifeboat.drain.planned')?.data.plan.placements[0]?.because ?? '';
      assert.equal(/which restarts it/.test(because), may);
    }
  });
  it('leaves what must not be moved, or found no host: each an item with its reason', () => {
    const d = new Draining({}, { 1: ['never'], 2: ['h2'], 3: ['h2', 'ERROR'] }).begins().fails(2, 'never');
    assert.deepEqual(d.report, ['partly', 'v1 left h1', 'v2 left h1', 'v3 left h1']);
    assert.deepEqual(d.state.items.keys().map(short).sort(), ['v1', 'v2', 'v3']);
    for (const action of ['retry', 'start-on-return'] as const) d.hear('lifeboat.item.decided', { vm: v(1), action, by, at: d.at });
    assert.match(d.refusals()[1] ?? '', /still on h1, which is well/);
    d.hear('lifeboat.item.decided', { vm: v(1), action: 'dismiss', by, at: d.at });
    assert.equal(d.state.items.has(v(1)), false);
  });
  it('what has gone over and is in error by Nova has moved, and is an item that says whether its guest was seen there', () => {
    const d = new Draining({}, { 1: ['h2'], 2: ['h3'] }).begins().starts(1).starts(2, 'h3').agent('h2').agent('h2', 'running', 1);
    d.arrives(1, 'h2', 'live', 'ERROR').arrives(2, 'h3', 'live', 'ERROR');
    assert.deepEqual(d.report, ['emptied', 'v1 moved h2 live', 'v2 moved h3 live']);
    assert.match(
      d.state.items.get(v(1))?.reason ?? '',
      /^Nova has it on h2 in error \(as Nova said\); its guest runs there, by its agent: if it/,
    );
    assert.match(d.state.items.get(v(2))?.reason ?? '', /nobody has seen its guest there yet: .* --state active .* reboot --hard/);
    assert.match(d.last('lifeboat.drain.closed')?.data.vms[0]?.reason ?? '', /in error/);
    assert.equal(d.last('lifeboat.vm.unevacuable')?.data.drained, true, 'nobody is told that it is down');
    d.agent('h2', 'running', 1);
    assert.ok(d.state.items.has(v(1)), 'its agent had said so before: what Nova says is not mended by that');
    d.hear('lifeboat.item.decided', { vm: v(1), action: 'dismiss', by, at: d.at });
    assert.ok(!d.state.items.has(v(1)));
  });
  it('what has no place is planned again, visibly, and stays in the end', () => {
    const d = new Draining({}, { 1: ['no-room'] }).begins().ticks(3);
    assert.match(d.last('lifeboat.drain.waiting')?.data.reason ?? '', /1 VMs have no place now, e.g. v1: full/);
    assert.deepEqual(d.ticks(400).report, ['partly', 'v1 left h1']);
  });
  it('a try that failed is planned anew, so often', () => {
    const d = new Draining({}, { 1: ['h2'] }).begins();
    for (let i = 0; i < 3; i++) d.fails(1, 'retry').ticks(2);
    assert.deepEqual([d.orders.length, d.report], [3, ['partly', 'v1 left h1']]);
  });
  it('waits, visibly, while OpenStack does not answer', () => {
    const d = new Draining({}, { 1: ['h2'] });
    d.cloudFails = true;
    d.begins();
    assert.match(d.last('lifeboat.drain.waiting')?.data.reason ?? '', /CLOUD_TIMEOUT/);
    d.cloudFails = false;
    assert.deepEqual(d.ticks(10).orders, ['v1 to h2']);
  });
  it('that Nova does not let begin is closed with the reason', () => {
    const d = new Draining({}, { 1: ['h2'] }).chooses();
    d.hear('lifeboat.drain.failed', { incident: d.incident, host: h1, code: 'CLOUD_FORBIDDEN', reason: 'policy', at: d.at });
    assert.deepEqual([d.report, d.state.drains.size], [['not-begun'], 0]);
  });
  it('is told to the migrator again while that says nothing', () => {
    const d = new Draining().chooses().ticks(200);
    assert.equal(d.told.filter((e) => e.type === 'lifeboat.drain.opened').length, 2);
  });
  it('its host is no target for anybody', () => {
    const d = new Draining({}, { 1: ['h2'] }).begins();
    d.ticks(1);
    const watch = d.owed.findLast((e) => e.kind === 'watch');
    assert.ok(watch?.kind === 'watch' && watch.shut.includes(h1));
  });
});

describe('a drain is refused', () => {
  const cases: [what: string, prepare: (d: Draining) => void, why: RegExp, host?: string][] = [
    ['of a host that is being drained', (d) => void d.chooses(), /has been draining it since/],
    ['of a host with an open incident', (d) => void d.hostFails(), /has an open incident \(inc-h1-9/],
    [
      'of a host whose agent is silent',
      (d) => void d.hear('lifeboat.agent.lost', { host: h1, session: 's-h1', reason: 'session-lapsed', vms: [], at: d.at }),
      /agent of h1 is silent/,
    ],
    ['of a host that nobody knows', () => undefined, /no host h9/, 'h9'],
    [
      'of a host that failed and is kept out',
      (d) => {
        const out = { incident: incidentId('inc-h1-9'), cluster: clusterId('main'), since: d.at, wellSince: d.at, releaseAskedAt: null };
        d.state = { ...d.state, out: d.state.out.set(h1, out) };
      },
      /kept out/,
    ],
  ];
  for (const [what, prepare, why, host = 'h1'] of cases)
    it(what, () => {
      const d = new Draining();
      prepare(d);
      const before = d.told.filter((e) => e.type === 'lifeboat.drain.opened').length;
      d.chooses({ host });
      assert.match(d.refusals().at(-1) ?? 'none', why);
      assert.equal(d.told.filter((e) => e.type === 'lifeboat.drain.opened').length, before);
    });
  it('ending one that is not there, too', () => {
    const d = new Draining().hear('lifeboat.drain.halted', { host: h1, by, at: instant(1) });
    assert.match(d.refusals()[0] ?? '', /nobody drains h1/);
  });
});

describe('a drain is ended', () => {
  const halted = (d: Draining) => d.hear('lifeboat.drain.halted', { host: h1, by, at: d.at });
  it('by a person: no new moves, those on their way arrive', () => {
    const d = halted(new Draining({}, { 1: ['h2'], 2: ['h3'], 3: ['no-room'] }).begins().starts(1));
    assert.equal(d.last('lifeboat.drain.recalled')?.data.reason, 'ended by li.wei');
    assert.deepEqual(d.report, ['open']);
    d.fails(2, 'ended').arrives(1).ticks(2);
    assert.deepEqual(d.report, ['stopped', 'v1 moved h2 live', 'v2 left h1', 'v3 left h1']);
    assert.equal(d.state.items.size, 0, 'that is what the person wanted');
  });
  it('ended meanwhile: a migration that Nova never decided is an item all the same, one that was only refused is none', () => {
    const d = halted(new Draining({}, { 1: ['h2'], 2: ['h3'] }).begins().starts(1).starts(2));
    d.fails(1, 'never', 'CLOUD_TIMEOUT').fails(2, 'never');
    assert.deepEqual(d.state.items.keys(), [v(1)]);
    assert.equal(d.last('lifeboat.vm.unevacuable')?.data.vm, v(1));
  });
  it('before Nova has said that it is set aside: whether it is disabled is heard first', () => {
    const d = halted(new Draining({}, { 1: ['h2'] }).chooses());
    assert.deepEqual(d.report, ['open']);
    d.aside();
    assert.deepEqual([d.report, d.orders, d.state.drained.has(h1)], [['stopped'], [], true]);
  });
});

describe('after a drain', () => {
  const emptied = (disabled: 'by-us' | 'by-others' | 'no' = 'by-us') => new Draining().chooses().aside(disabled);
  const releases = (d: Draining) => d.hear('lifeboat.release.approved', { host: h1, by, at: d.at });
  it('the host stays disabled, and is not released by itself', () => {
    const d = emptied().ticks(400);
    assert.equal(d.last('lifeboat.release.requested'), undefined);
    assert.equal(releases(d).last('lifeboat.release.requested')?.data.incident, d.incident);
    d.hear('lifeboat.host.released', { incident: d.incident, host: h1, at: d.at });
    assert.equal(d.state.drained.size, 0);
  });
  it('what others have disabled, or nobody has, is not ours to release', () => {
    for (const disabled of ['by-others', 'no'] as const) assert.match(releases(emptied(disabled)).refusals()[0] ?? '', /not kept out/);
  });
  it('it may be drained again', () =>
    assert.equal(
      emptied()
        .chooses()
        .aside()
        .told.filter((e) => e.type === 'lifeboat.drain.closed').length,
      2,
    ));
  it('none is released while it is open', () =>
    assert.match(releases(new Draining({}, { 1: ['h2'] }).begins()).refusals()[0] ?? '', /end that first/));
});

describe('the host fails in the middle of its drain', () => {
  it('the incident takes over: no further move, what is left on it is told', () => {
    const d = new Draining({}, { 1: ['h2'], 2: ['h3'], 3: ['no-room'] }).begins().starts(1).hostFails();
    assert.deepEqual(d.report, ['host-failed', 'v1 left h1', 'v2 left h1', 'v3 left h1']);
    assert.match(d.last('lifeboat.drain.closed')?.data.vms[0]?.reason ?? '', /on its way to h2 when h1 has failed: inc-h1-9/);
    assert.ok(d.told.some((e) => e.type === 'lifeboat.isolation.requested'));
    assert.equal(d.state.items.size, 0);
  });
  it('and it is released by a person only', () => {
    const d = new Draining({}, { 1: ['h2'] }).begins().hostFails();
    const out = { incident: incidentId('inc-h1-9'), cluster: clusterId('main'), since: d.at, wellSince: d.at, releaseAskedAt: null };
    d.state = { ...d.state, incidents: d.state.incidents.delete(incidentId('inc-h1-9')), out: d.state.out.set(h1, out) };
    d.ticks(300);
    assert.equal(d.last('lifeboat.release.requested'), undefined);
    d.hear('lifeboat.release.approved', { host: h1, by, at: d.at });
    assert.equal(d.last('lifeboat.release.requested')?.data.incident, 'inc-h1-9');
  });
});
