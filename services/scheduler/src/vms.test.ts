import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClusterPolicy, defaultClusterPolicy, type LifeboatEvent } from '@lifeboat/contracts';
import { clusterId, eventId, hostId, instant, vmId } from '@lifeboat/kernel';
import { schedule } from './decide.ts';
import type { PlaceVmEffect, PlaceVmResult } from './effects.ts';
import { schedulerSettings } from './service.ts';
import { initialState, type SchedulerState } from './state.ts';

const VM = vmId('00000000-0000-4000-8000-000000000001');
const H1 = hostId('h1');

/** One VM of host h1 in cluster web; what the scheduler tells about it, in words. */
class OneVm {
  state: SchedulerState = { ...initialState };
  now = 1_000_000;
  readonly told: string[] = [];
  readonly places: PlaceVmEffect[] = [];
  readonly #decide: ReturnType<typeof schedule>;
  constructor(policy: Partial<ClusterPolicy> = {}) {
    const topology = { region: 'r', clusters: [{ cluster: clusterId('web') }], racks: [], hosts: [] };
    this.#decide = schedule(schedulerSettings(topology as never, { policyOf: () => ({ ...defaultClusterPolicy, ...policy }) }));
  }
  event(type: string, data: Record<string, unknown>): this {
    const at = instant(this.now);
    const event = { type, data: { ...data, at }, id: eventId('t', String(this.now), 0), source: 't', time: at, sequence: 1, causation: '' };
    return this.#take({ kind: 'event', event: event as unknown as LifeboatEvent, at });
  }
  fails(failure = 'crashed', more: Record<string, unknown> = {}): this {
    const incident = `inc-vm-${VM}-${this.now}`;
    return this.event('lifeboat.vm.failed', { incident, vm: VM, host: H1, cluster: 'web', failure, since: this.now, ...more });
  }
  get incident(): string {
    return this.state.vmIncidents.get(VM)?.incident ?? '';
  }
  get attempt(): number {
    return this.state.vmIncidents.get(VM)?.attempts ?? 0;
  }
  restarted(host = 'h1', how = 'reboot'): this {
    return this.event('lifeboat.vm.restarted', { incident: this.incident, vm: VM, host, how, attempt: this.attempt });
  }
  refused(then: string, { how = 'reboot', code = 'CLOUD_CONFLICT' } = {}): this {
    const data = { incident: this.incident, vm: VM, host: H1, how, attempt: this.attempt, code, reason: 'why', then };
    return this.event('lifeboat.restart.failed', data);
  }
  /** The host that the VM is on fails: an incident of its own. */
  hostFails(): this {
    const data = { incident: 'inc-h1-1', verdict: 'host failure', rule: '', hosts: [H1], clusters: ['web'], racks: [] };
    return this.event('lifeboat.fault.confirmed', { ...data, suspectedAt: this.now, evidence: [], rackRule: false });
  }
  is(state: string, host = 'h1'): this {
    return this.event('lifeboat.vm.cleared', { incident: this.incident, vm: VM, host, was: 'crashed', is: state });
  }
  run(seconds: number): this {
    for (let i = 0; i < seconds; i++) {
      this.now += 1_000;
      this.#take({ kind: 'tick', at: instant(this.now) });
    }
    return this;
  }
  placed(result: PlaceVmResult): this {
    return this.#take({ kind: 'settled', effect: this.places.at(-1) as PlaceVmEffect, result, at: instant(this.now) });
  }
  #take(input: Parameters<ReturnType<typeof schedule>>[1]): this {
    const step = this.#decide(this.state, input);
    this.state = step.state;
    for (const o of step.outputs) {
      if (o.kind === 'do' && o.effect.kind === 'place-vm') this.places.push(o.effect);
      if (o.kind !== 'tell' || !/\.(vm|restart)\./.test(o.event.type)) continue;
      const d = o.event.data as { how?: string; to?: unknown; reason?: string; moved?: boolean; host: string };
      const about = [
        d.how,
        Array.isArray(d.to) ? d.to.join('+') : undefined,
        d.moved === true ? `moved to ${d.host}` : undefined,
        d.reason,
      ];
      this.told.push([o.event.type.replace('lifeboat.', ''), ...about].filter((x) => x !== undefined).join(' '));
    }
    return this;
  }
}

describe('a VM that failed', () => {
  it('crashed or hung is rebooted at once; paused by its disk it is resumed; seen running, that is the end', () => {
    for (const [failure, how] of [
      ['crashed', 'reboot'],
      ['hung', 'reboot'],
      ['io-error', 'resume'],
    ])
      assert.deepEqual(new OneVm().fails(failure).restarted().is('running').run(300).told, [`restart.requested ${how}`, 'vm.recovered']);
  });
  it('that runs before the order is carried out needs it no more', () => {
    assert.deepEqual(new OneVm().fails().is('running').told, [
      'restart.requested reboot',
      'vm.recovered',
      'restart.recalled it runs again',
    ]);
  });
  it('is tried again later and later, then moved where the planner says, and then recovered there', () => {
    const v = new OneVm().fails().refused('retry').run(9);
    assert.equal(v.told.length, 1, 'not before ten seconds');
    v.run(2).refused('retry').run(19);
    assert.equal(v.told.length, 2, 'then twenty');
    v.run(2).refused('retry');
    assert.deepEqual(v.places.length, 1);
    v.placed({ ok: true, to: [hostId('h2'), hostId('h3')], because: '' })
      .restarted('h2', 'move')
      .is('running', 'h2');
    assert.deepEqual(v.told.slice(3), ['restart.requested move h2+h3', 'vm.recovered moved to h2']);
  });
  it('that came back where it was, though it was to be moved, was not moved', () => {
    const v = new OneVm().fails('io-error').refused('retry').run(11).refused('retry').run(21).refused('retry');
    v.placed({ ok: true, to: [hostId('h2')], because: '' })
      .restarted('h1', 'move')
      .is('running');
    assert.equal(v.told.at(-1), 'vm.recovered');
  });
  it('that fails again and again is moved, though each restart went well', () => {
    const v = new OneVm();
    for (let i = 0; i < 3; i++) v.fails().run(60).restarted().is('running').run(60);
    v.fails();
    assert.equal(v.places.length, 1);
    assert.ok(v.places[0]?.exclude.includes(H1));
  });
  it('that fails on other hosts, too, is moved twice and then given up', () => {
    const v = new OneVm();
    for (let i = 0; i < 3; i++) v.fails().run(60).restarted().is('running').run(60);
    for (const host of ['h2', 'h3']) {
      v.fails().placed({ ok: true, to: [hostId(host)], because: '' });
      v.restarted(host, 'move').is('running', host).run(60);
    }
    assert.deepEqual(v.told.slice(-2), ['restart.requested move h3', 'vm.recovered moved to h3']);
    v.fails();
    assert.match(v.told.at(-1) ?? '', /vm.given-up 6 failures of it or of our tries; it fails on other hosts, too/);
    assert.equal(v.places.length, 2);
  });
  it('and no more than the window remembers', () => {
    const v = new OneVm({ vmFailures: { windowMs: 100_000 } });
    for (let i = 0; i < 6; i++) v.fails().run(20).restarted().is('running').run(60);
    assert.equal(v.places.length, 0);
  });
  it('whose resume may be left at its pause is resumed before it is moved, as often as it takes, but not for ever', () => {
    const half = { how: 'resume', code: 'CLOUD_TIMEOUT' };
    const v = new OneVm().fails('io-error');
    for (let i = 0; i < 4; i++) v.refused('retry', half).run(130);
    assert.deepEqual([v.places.length, v.told.at(-1)], [0, 'restart.requested resume']);
    v.restarted('h1', 'resume').fails('io-error');
    assert.equal(v.places.length, 1, 'done with, it is moved like any other');
    const never = new OneVm().fails('io-error');
    for (let i = 0; i < 12; i++) never.refused('retry', half).run(130);
    assert.equal(never.places.length, 1);
  });
  it('that no host has room for is given up, and so is one that its cluster does not want moved, or wants asked about', () => {
    const thrice = (v: OneVm) => v.fails().refused('retry').run(11).refused('retry').run(21).refused('retry');
    const full = thrice(new OneVm()).placed({ ok: true, to: [], because: 'all are full' });
    assert.match(full.told.at(-1) ?? '', /vm.given-up no other host has room for it: all are full/);
    assert.match(thrice(new OneVm({ vmFailures: { afterThat: 'alert' } })).told.at(-1) ?? '', /vm.given-up .*does not want it moved/);
    assert.match(thrice(new OneVm({ automation: 'semi-automatic' })).told.at(-1) ?? '', /vm.given-up .*a person decides/);
  });
  it('is not tried again while the agent of its host is silent: the last try may have brought it back', () => {
    const v = new OneVm().fails();
    const agent = { host: H1, session: 's1', at: v.now };
    v.event('lifeboat.agent.registered', { ...agent, bootId: 'b', peers: [], vms: [] });
    v.refused('retry').event('lifeboat.agent.lost', { ...agent, reason: 'session-lapsed', vms: [] });
    assert.deepEqual(v.run(60).told, ['restart.requested reboot']);
    v.event('lifeboat.agent.registered', { ...agent, session: 's2', bootId: 'b', peers: [], vms: [] });
    assert.deepEqual(v.run(2).told, ['restart.requested reboot', 'restart.requested reboot']);
  });
  it('on trial, and Nova keeps it from us: it is left to a person, so that another one is tried', () => {
    const v = new OneVm().fails('io-error', { trial: true });
    for (let i = 0; i < 4; i++) v.refused('retry').run(130);
    assert.deepEqual(v.told.slice(-1), ['vm.given-up tried 4 times in vain: why']);
    assert.equal(v.state.vmIncidents.size, 0);
  });
  it('on trial is tried for as long as it takes, and never moved', () => {
    const v = new OneVm().fails('io-error', { trial: true });
    for (let i = 0; i < 10; i++) v.restarted().fails('io-error', { trial: true }).run(130);
    assert.ok(v.told.length >= 8 && v.told.every((t) => t === 'restart.requested resume'), v.told.join('; '));
  });
  it('is left alone, with the reason: HA off, alert only, somebody wants it so, its owner stopped or deleted it', () => {
    assert.match(new OneVm({ highAvailability: false }).fails().told.join(), /^vm.left-alone high availability is off/);
    assert.match(new OneVm({ vmFailures: { hung: 'alert' } }).fails('hung').told.join(), /^vm.left-alone .*only to be told/);
    assert.equal(new OneVm().fails().refused('leave').told.at(-1), 'vm.left-alone why');
    assert.equal(new OneVm().fails().refused('gone').told.at(-1), 'vm.left-alone its owner deleted it');
    assert.match(new OneVm().fails().refused('retry').is('shut-off').told.at(-1) ?? '', /vm.left-alone it is shut-off by its owner/);
  });
  it('is shut off for a moment by our own reboot: that is not its owner', () => {
    assert.deepEqual(new OneVm().fails().is('shut-off').restarted().is('running').told, ['restart.requested reboot', 'vm.recovered']);
  });
  it('that Nova calls restarted and no agent sees run is tried again', () => {
    assert.deepEqual(new OneVm().fails().restarted().run(140).told, ['restart.requested reboot', 'restart.requested reboot']);
  });
  it('told twice is one', () => {
    const v = new OneVm().fails();
    v.event('lifeboat.vm.failed', { incident: v.incident, vm: VM, host: H1, cluster: 'web', failure: 'crashed', since: v.now });
    assert.equal(v.told.length, 1);
  });
  it('belongs to the incident of its host, should that fail in the middle', () => {
    const v = new OneVm().fails();
    v.hostFails();
    assert.deepEqual(v.told, ['restart.requested reboot', 'vm.handed-over']);
    assert.equal(v.state.vmIncidents.size, 0);
    assert.deepEqual(v.restarted().fails().run(60).told.length, 2, 'and nothing more is done by itself');
  });
  it('comes back to us when the incident of its host is withdrawn: told again, it is taken up again', () => {
    const v = new OneVm().fails();
    v.hostFails();
    v.event('lifeboat.isolation.withdrawn', { incident: 'inc-h1-1', host: H1 });
    v.run(60);
    const before = v.told.length;
    v.fails().run(60);
    assert.deepEqual(v.told.slice(before).filter((t) => t.startsWith('restart.requested')).length > 0, true, v.told.join());
  });
});
