import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LifeboatEvent } from '@lifeboat/contracts';
import { clusterId, done, failed, hostId, instant } from '@lifeboat/kernel';
import { notify } from '../src/decide/decide.ts';
import type { NotifierInput, NotifierResult, SendMail } from '../src/decide/effects.ts';
import { defaultNotifierSettings, type NotifierSettings } from '../src/settings.ts';
import { initialState, type NotifierState } from '../src/state.ts';
import { sampleEvents } from './samples.ts';

const settings: NotifierSettings = {
  ...defaultNotifierSettings,
  region: 'lab',
  clusterOf: new Map([[hostId('compute-3'), clusterId('web')]]),
  contactsOf: new Map([
    [clusterId('web'), ['night shift', 'boss']],
    [clusterId('db'), ['dba']],
  ]),
  stepsOf: new Map(),
  wakes: new Set(),
  people: new Map([
    ['night shift', { name: 'night shift', email: 'night@example.org' }],
    ['dba', { name: 'dba', email: 'dba@example.org' }],
  ]),
};
const decide = notify(settings);
const sample = (name: string) => sampleEvents.find((s) => s.name === name)?.event as LifeboatEvent;

class Run {
  state: NotifierState = initialState;
  readonly sent: SendMail[] = [];
  readonly told: string[] = [];
  #put(input: NotifierInput): this {
    const step = decide(this.state, input);
    this.state = step.state;
    for (const o of step.outputs) {
      if (o.kind === 'do' && o.effect.kind === 'send-mail') this.sent.push(o.effect);
      else if (o.kind === 'tell') this.told.push(o.event.type);
    }
    return this;
  }
  hears(at: number, name: string, change: object = {}): this {
    const event = sample(name);
    return this.#put({ kind: 'event', at: instant(at), event: { ...event, data: { ...event.data, ...change } } as LifeboatEvent });
  }
  tick(at: number): this {
    return this.#put({ kind: 'tick', at: instant(at) });
  }
  settles(at: number, result: NotifierResult): this {
    return this.#put({ kind: 'settled', at: instant(at), effect: this.sent.at(-1) as SendMail, result });
  }
  get to(): string[] {
    return this.sent.map((e) => e.mail.to);
  }
}
const unreachable = failed('MAIL_UNREACHABLE', 'no route');

describe('whom the notifier tells, and how often', () => {
  it('tells the contacts of the cluster that have an address, when the window is over', () => {
    const r = new Run().hears(0, 'a confirmed fault').tick(9_999);
    assert.deepEqual(r.to, []);
    assert.deepEqual(r.tick(10_000).to, ['night@example.org']);
    assert.deepEqual(r.tick(60_000).to, ['night@example.org']);
  });

  it('makes one mail of a storm, the most urgent in its subject', () => {
    const r = new Run()
      .hears(0, 'a confirmed fault')
      .hears(1, 'a host isolated')
      .hears(2, 'an incident that waits')
      .hears(9_000, 'a plan that places all')
      .tick(10_000);
    assert.equal(r.sent.length, 1);
    assert.equal(r.sent[0]?.mail.subject, '[Lifeboat lab] ACT: compute-3: waiting for capacity (and 3 more)');
    assert.equal(r.sent[0]?.incident, 'inc-compute-3-1');
  });

  it('finds the contacts by what it remembers of the incident, and asks everybody when it knows nothing of it', () => {
    assert.deepEqual(new Run().hears(0, 'a confirmed fault').tick(10_000).hears(20_000, 'an incident that waits').tick(30_000).to, [
      'night@example.org',
      'night@example.org',
    ]);
    assert.deepEqual(new Run().hears(0, 'an incident that waits').tick(10_000).to.sort(), ['dba@example.org', 'night@example.org']);
  });

  it('tells the same thing of an incident once', () => {
    const r = new Run()
      .hears(0, 'isolation that fails')
      .hears(1, 'isolation that fails', { attempt: 2 })
      .tick(10_000)
      .hears(50_000, 'isolation that fails', { attempt: 3 })
      .tick(60_000);
    assert.equal(r.sent.length, 1);
    assert.doesNotMatch(r.sent[0]?.mail.subject ?? '', /more/);
  });

  it('tells again of a fault without an incident when it is still there after a while', () => {
    const name = 'a fault that is no cause to evacuate';
    const r = new Run()
      .hears(0, name)
      .hears(5_000, name)
      .tick(10_000)
      .hears(300_000, name)
      .tick(310_000)
      .hears(601_000, name)
      .tick(611_000);
    assert.equal(r.sent.length, 2);
    assert.notEqual(r.sent[0]?.mail.id, r.sent[1]?.mail.id);
  });

  it('forgets after a day', () => {
    const r = new Run().hears(0, 'a confirmed fault').hears(1, 'a good end').tick(10_000).settles(11_000, done);
    assert.deepEqual([r.state.told.size, r.state.incidents.size, r.state.mails.size], [2, 1, 0]);
    r.tick(1_795_312_800_000 + 86_400_000);
    assert.deepEqual([r.state.told.size, r.state.incidents.size], [0, 0]);
  });
});

describe('how the notifier sends', () => {
  const one = () => new Run().hears(0, 'a confirmed fault').tick(10_000);

  it('tells that a mail was taken', () => assert.deepEqual(one().settles(11_000, done).told, ['lifeboat.notice.sent']));

  it('gives up at once on a mail that is refused', () =>
    assert.deepEqual(one().settles(11_000, failed('MAIL_REFUSED', '550')).told, ['lifeboat.notice.failed']));

  it('tries again with longer pauses while the server is away, the same mail under the same id', () => {
    const r = one();
    const pauses: number[] = [];
    let at = 11_000;
    for (let i = 0; i < 9; i++) {
      r.settles(at, unreachable);
      const next = r.sent.at(-1)?.notBefore ?? instant(0);
      pauses.push((next - at) / 1_000);
      at = next;
    }
    assert.deepEqual(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    assert.equal(new Set(r.sent.map((e) => e.mail.id)).size, 1);
    assert.equal(new Set(r.sent.map((e) => e.operation)).size, 10);
    assert.deepEqual(r.told, []);
  });

  it('gives up in the end, and says so', () =>
    assert.deepEqual(one().settles(10_000 + settings.giveUpAfterMs, unreachable).told, ['lifeboat.notice.failed']));
});
