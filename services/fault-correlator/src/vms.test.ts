import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LifeboatEvent, VmReport } from '@lifeboat/contracts';
import { type ClusterId, clusterId, eventId, type HostId, hostId, instant, type RackId, rackId, vmId } from '@lifeboat/kernel';
import { correlate } from './decide.ts';
import { type CorrelatorSettings, defaultCorrelatorSettings } from './settings.ts';
import { type CorrelatorState, initialState } from './state.ts';

const HOSTS = ['h1', 'h2', 'h3', 'h4'];
const vm = (n: number) => vmId(`00000000-0000-4000-8000-00000000000${n}`);
const place = (host: string, maintenance = false) =>
  [
    hostId(host),
    {
      host: hostId(host),
      cluster: clusterId('web') as ClusterId,
      rack: rackId('r1') as RackId,
      maintenance,
      onAgentFailure: 'alert',
      onProductionNetworkFailure: 'alert',
    },
  ] as const;
const settingsOf = (maintenance: readonly string[] = []): CorrelatorSettings => ({
  ...defaultCorrelatorSettings,
  places: new Map(HOSTS.map((h) => place(h, maintenance.includes(h)))),
  brake: { clusterShare: 1, regionShare: 1, hosts: 40 },
});

/** Seconds pass; agents report; what is told of VMs is kept in words. */
class Vms {
  state: CorrelatorState = initialState;
  now = 1_000_000;
  readonly told: string[] = [];
  readonly events: { type: string; data: Record<string, unknown> }[] = [];
  readonly settings: CorrelatorSettings;
  constructor(settings = settingsOf()) {
    this.settings = settings;
    for (const host of HOSTS) this.event('lifeboat.agent.registered', { host, session: `s-${host}`, bootId: 'b1', vms: [], peers: [] });
  }
  event(type: string, data: Record<string, unknown>): this {
    const at = instant(this.now);
    const event = { type, data: { ...data, at }, id: eventId('t', String(this.now), 0), source: 't', time: at, sequence: 1, causation: '' };
    return this.#take({ kind: 'event', event: event as unknown as LifeboatEvent, at });
  }
  says(host: string, n: number, state: VmReport['state'], reason = state as string, since = this.now): this {
    const changed = [{ vm: vm(n), state, reason, since: instant(since) }];
    return this.event('lifeboat.agent.reported', { host, session: `s-${host}`, changed, gone: [], peers: [] });
  }
  run(seconds: number): this {
    for (let i = 0; i < seconds * 2; i++) {
      this.now += 500;
      this.#take({ kind: 'tick', at: instant(this.now) });
    }
    return this;
  }
  #take(input: Parameters<ReturnType<typeof correlate>>[1]): this {
    const step = correlate(this.settings)(this.state, input);
    this.state = step.state;
    for (const o of step.outputs) if (o.kind === 'tell') this.#keep(o.event as never);
    return this;
  }
  #keep(e: { type: string; data: Record<string, unknown> }): void {
    if (!/\.(vm|storage)\./.test(e.type)) return;
    this.events.push(e);
    const d = e.data as { vm?: string; host?: string; failure?: string; is?: string; hosts?: HostId[]; trial?: boolean; vms?: number };
    const about = [d.vm?.at(-1), d.host, d.failure ?? d.is, d.trial === true ? 'on trial' : undefined, d.hosts?.join('+'), d.vms];
    this.told.push([e.type.replace('lifeboat.', ''), ...about].filter((x) => x !== undefined).join(' '));
  }
}

describe('one VM', () => {
  const table: readonly (readonly [state: VmReport['state'], reason: string, told: readonly string[]])[] = [
    ['crashed', 'crashed', ['vm.failed 1 h1 crashed']],
    ['crashed', 'panicked', ['vm.failed 1 h1 crashed']],
    ['hung', 'guest agent silent', ['vm.failed 1 h1 hung']],
    ['hung', 'watchdog', ['vm.failed 1 h1 hung']],
    ['io-error', 'I/O error', ['vm.failed 1 h1 io-error']],
    ['shut-off', 'shutdown', []],
    ['shut-off', 'destroyed', []],
    ['shut-off', 'migrated', []],
    ['paused', 'user', []],
    ['paused', 'migration', []],
    ['running', 'running', []],
    ['unknown', 'libvirt state 99', []],
  ];
  for (const [state, reason, told] of table)
    it(`${state} (${reason}) → ${told.join() || 'nothing'}`, () =>
      assert.deepEqual(new Vms().says('h1', 1, state, reason).run(8).told, told));

  it('is told with its verdict, rule and evidence, and that its host is well', () => {
    const [e] = new Vms().says('h1', 1, 'crashed').run(3).events;
    const d = e?.data as { verdict: string; rule: string; incident: string; evidence: { signal: string; is: string; observer: string }[] };
    assert.deepEqual([d.verdict, d.incident], ['VM failure', `inc-vm-${vm(1)}-1000000`]);
    assert.match(d.rule, /crashed.*its host is well/);
    assert.deepEqual(
      d.evidence.map((x) => `${x.signal} ${x.is} ${x.observer}`),
      ['vm crashed (crashed) agent of h1', 'agent ok registry'],
    );
  });
  it('that is back before it has lasted is no failure', () => {
    assert.deepEqual(new Vms().says('h1', 1, 'crashed').run(1).says('h1', 1, 'running').run(5).told, []);
  });
  it('that fails, runs, and fails again, fails twice', () => {
    const v = new Vms().says('h1', 1, 'crashed').run(3).says('h1', 1, 'running').run(5).says('h1', 1, 'crashed').run(3);
    assert.deepEqual(v.told, ['vm.failed 1 h1 crashed', 'vm.cleared 1 h1 running', 'vm.failed 1 h1 crashed']);
  });
  it('waits while its host is under suspicion, and is the host incident’s when that has failed', () => {
    const v = new Vms()
      .says('h1', 1, 'crashed')
      .event('lifeboat.agent.lost', { host: 'h1', session: 's-h1', reason: 'session-lapsed', vms: [] });
    assert.deepEqual(v.run(30).told, []);
  });
  it('on a host in maintenance is no fault', () => {
    assert.deepEqual(new Vms(settingsOf(['h1'])).says('h1', 1, 'crashed').run(10).told, []);
  });
  it('is told again while nobody has dealt with it, and not once its incident is over', () => {
    const v = new Vms().says('h1', 1, 'crashed').run(60 + 3);
    assert.equal(v.told.length, 2);
    v.event('lifeboat.vm.left-alone', { vm: vm(1), incident: 'inc-x', host: 'h1' }).run(400);
    assert.equal(v.told.length, 2);
  });
  it('that failed again and runs before that was told: the scheduler, which mends the first failure, hears of it', () => {
    const v = new Vms().says('h1', 1, 'hung').run(3).says('h1', 1, 'crashed').run(1).says('h1', 1, 'running');
    assert.deepEqual(v.told, ['vm.failed 1 h1 hung', 'vm.cleared 1 h1 running']);
    const [failed, cleared] = v.events;
    assert.equal(cleared?.data['incident'], failed?.data['incident'], 'of the failure that it was told of');
  });
  it('that failed again and is gone before that was told is looked for on other hosts', () => {
    const v = new Vms().says('h1', 1, 'hung').run(3).says('h1', 1, 'crashed');
    v.event('lifeboat.agent.registered', { host: 'h1', session: 's2', bootId: 'b1', vms: [], peers: [] });
    assert.deepEqual(v.says('h2', 1, 'running').told, ['vm.failed 1 h1 hung', 'vm.cleared 1 h2 running']);
  });
  it('that failed again when its first failure was left alone: nobody waits to hear how it ends, unless it lasts', () => {
    const failing = () => {
      const v = new Vms().says('h1', 1, 'hung').run(3).says('h1', 1, 'crashed');
      return v.event('lifeboat.vm.left-alone', { vm: vm(1), incident: 'inc-x', host: 'h1' });
    };
    assert.deepEqual(failing().says('h1', 1, 'running').told, ['vm.failed 1 h1 hung']);
    assert.deepEqual(failing().run(3).told, ['vm.failed 1 h1 hung', 'vm.failed 1 h1 crashed']);
  });
  it('that moved is well when it runs elsewhere', () => {
    const v = new Vms().says('h1', 1, 'crashed').run(3);
    v.event('lifeboat.agent.reported', { host: 'h1', session: 's-h1', changed: [], gone: [vm(1)], peers: [] });
    assert.deepEqual(v.says('h2', 1, 'running').run(3).told, ['vm.failed 1 h1 crashed', 'vm.cleared 1 h2 running']);
  });
});

describe('VMs paused by I/O errors', () => {
  it('on two hosts are two VMs', () => {
    const v = new Vms().says('h1', 1, 'io-error').says('h2', 2, 'io-error').run(8);
    assert.deepEqual(v.told, ['vm.failed 1 h1 io-error', 'vm.failed 2 h2 io-error']);
  });
  const failed = () => new Vms().says('h1', 1, 'io-error').says('h2', 2, 'io-error').says('h3', 3, 'io-error').run(8);
  it('on three hosts are a failing storage: one is tried, the others wait', () => {
    assert.deepEqual(failed().told, ['storage.suspected h1+h2+h3 3', 'vm.failed 1 h1 io-error on trial']);
  });
  it('whose trial fails wait on, and the next one is tried; whose trial goes on running are all told then', () => {
    const v = failed();
    v.says('h1', 1, 'running').run(2).says('h1', 1, 'io-error').run(60);
    assert.ok(!v.told.some((t) => t.startsWith('storage.cleared')), v.told.join('; '));
    const from = v.told.length;
    v.says('h2', 2, 'running').run(10);
    assert.deepEqual(v.told.slice(from), [
      'vm.cleared 2 h2 running',
      'storage.cleared 2',
      'vm.failed 1 h1 io-error',
      'vm.failed 3 h3 io-error',
    ]);
  });
});
