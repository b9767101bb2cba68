import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Registration, VmReport } from '@lifeboat/contracts';
import { epoch, type HostId, hostId, instant, vmId } from '@lifeboat/kernel';
import { initialState, type WatcherState } from '../state.ts';
import { watchAgents, watcherSettings } from './decide.ts';
import { type Observation, type Seen, seenAs } from './entries.ts';

type Entry = readonly [HostId, Seen];

const GRACE = 4_000;
const decide = watchAgents(watcherSettings(GRACE));
const h1 = hostId('h1');
const vm = (n: number, state: VmReport['state'] = 'running'): VmReport => ({
  vm: vmId(`00000000-0000-4000-8000-00000000000${n}`),
  state,
  since: instant(1),
});
const registration = (host: HostId, change: Partial<Registration> = {}): Registration => ({
  host,
  bootId: 'b1',
  agentVersion: '0.1.0',
  startedAt: instant(0),
  leaving: false,
  vmsKnown: true,
  vms: [vm(1)],
  peers: [],
  ...change,
});
const entry = (host: HostId, session = 's1', change: Partial<Registration> = {}): Entry => [
  host,
  seenAs(host, { kind: 'host', session, registration: registration(host, change) }),
];
const entries = (...e: Entry[]): Observation => ({ kind: 'entries', entries: e });
/** Gone, of a region so large that they are few. */
const gone = (...hosts: HostId[]): Observation => ({ kind: 'gone', hosts, region: { fell: hosts.length, of: 10_000 } });
const view = (...present: HostId[]): Observation => ({ kind: 'view', present });
const malformed = (raw: string): Entry => [h1, { ok: false, reason: 'vms: must be array', raw }];

/** [time, observation, 'sound' or 'tick'] in; what was told, in words, out. */
type Step = readonly [at: number, what: Observation | 'sound' | 'tick'];
function run(...steps: Step[]): { state: WatcherState; told: string[] } {
  let state = initialState;
  const told: string[] = [];
  for (const [at, what] of steps) {
    const step = decide(
      state,
      what === 'tick'
        ? { kind: 'tick', at: instant(at) }
        : { kind: 'observed', observation: what === 'sound' ? { kind: 'sound' } : what, at: instant(at) },
    );
    state = step.state;
    for (const o of step.outputs) if (o.kind === 'tell') told.push(words(at, o.event));
  }
  return { state, told };
}
function words(at: number, e: { type: string; data: object }): string {
  const d = e.data as {
    host?: string;
    from?: string;
    session?: string;
    reason?: string;
    changed?: VmReport[];
    gone?: string[];
    vms?: VmReport[];
    before?: VmReport[];
  };
  const more = [
    d.session,
    d.reason,
    d.vms && `runs ${d.vms.length}`,
    d.before && `before ${d.before.length}`,
    d.changed && `changed ${d.changed.length}`,
    d.gone && `gone ${d.gone.length}`,
  ];
  return [at, e.type.replace('lifeboat.', ''), d.host ?? d.from, ...more].filter((x) => x !== undefined).join(' ');
}

describe('what the agent-watcher tells', () => {
  const cases: [name: string, steps: Step[], told: string[]][] = [
    [
      'given an entry nobody knew, then the agent is registered, once',
      [
        [0, entries(entry(h1))],
        [1, entries(entry(h1))],
        [2, 'sound'],
      ],
      ['0 agent.registered h1 s1 runs 1'],
    ],
    [
      'given a VM that changed and one that went, then just these are reported',
      [
        [0, entries(entry(h1, 's1', { vms: [vm(1), vm(2), vm(3)] }))],
        [1, entries(entry(h1, 's1', { vms: [vm(1), vm(2, 'crashed')] }))],
      ],
      ['0 agent.registered h1 s1 runs 3', '1 agent.reported h1 s1 changed 1 gone 1'],
    ],
    [
      "given a peer's view that changed, then it is reported",
      [
        [0, entries(entry(h1))],
        [1, entries(entry(h1, 's1', { peers: [{ peer: hostId('h2'), production: 'dead', at: instant(1) }] }))],
      ],
      ['0 agent.registered h1 s1 runs 1', '1 agent.reported h1 s1 changed 0 gone 0'],
    ],
    [
      'given an entry that goes while the registry is steady, then the agent is lost at once, with what it ran',
      [
        [0, entries(entry(h1))],
        [9000, gone(h1)],
        [9500, 'sound'],
      ],
      ['0 agent.registered h1 s1 runs 1', '9000 agent.lost h1 s1 session-lapsed runs 1'],
    ],
    [
      'given an agent that said it was leaving, then it left, even in the grace',
      [
        [0, entries(entry(h1))],
        [1, view(h1)],
        [2, entries(entry(h1, 's1', { leaving: true }))],
        [3, gone(h1)],
      ],
      ['0 agent.registered h1 s1 runs 1', '3 agent.lost h1 s1 left runs 1'],
    ],
    [
      'given a new session without a loss seen between, then the agent is registered anew',
      [
        [0, entries(entry(h1))],
        [1, entries(entry(h1, 's2', { bootId: 'b2' }))],
      ],
      ['0 agent.registered h1 s1 runs 1', '1 agent.registered h1 s2 runs 1 before 1'],
    ],
    [
      'given a host missing in the view after a gap, then it is lost when the grace is over, not before',
      [
        [0, entries(entry(h1))],
        [100, view()],
        [100 + GRACE - 1, 'sound'],
        [100 + GRACE, 'sound'],
        [9999, 'sound'],
      ],
      ['0 agent.registered h1 s1 runs 1', '4100 agent.lost h1 s1 session-lapsed runs 1'],
    ],
    [
      'given a host missing in the view that comes back within the grace, then nothing is told',
      [
        [0, entries(entry(h1))],
        [100, view()],
        [2000, entries(entry(h1))],
        [5000, 'sound'],
      ],
      ['0 agent.registered h1 s1 runs 1'],
    ],
    [
      'given a session that ends within the grace after a gap, then it waits for the end of the grace',
      [
        [0, entries(entry(h1))],
        [100, view(h1)],
        [3000, gone(h1)],
        [4000, 'sound'],
        [4100, 'sound'],
      ],
      ['0 agent.registered h1 s1 runs 1', '4100 agent.lost h1 s1 session-lapsed runs 1'],
    ],
    [
      'given a session that ends after the grace, then it is told at once',
      [
        [0, entries(entry(h1))],
        [100, view(h1)],
        [4100, 'sound'],
        [4200, gone(h1)],
      ],
      ['0 agent.registered h1 s1 runs 1', '4200 agent.lost h1 s1 session-lapsed runs 1'],
    ],
    [
      'given a second gap, then the grace begins anew',
      [
        [0, entries(entry(h1))],
        [100, view()],
        [3000, view()],
        [4200, 'sound'],
        [7000, 'sound'],
      ],
      ['0 agent.registered h1 s1 runs 1', '7000 agent.lost h1 s1 session-lapsed runs 1'],
    ],
    [
      'given an entry that cannot be read, then it is rejected once for each content and the host stays',
      [
        [0, entries(entry(h1))],
        [1, entries(malformed('{'))],
        [2, entries(malformed('{'))],
        [3, entries(malformed('['))],
        [4, entries(entry(h1))],
      ],
      [
        '0 agent.registered h1 s1 runs 1',
        '1 event.rejected registry/h1 vms: must be array',
        '3 event.rejected registry/h1 vms: must be array',
      ],
    ],
    [
      "given an entry under another host's name, then it is rejected",
      [[0, entries([h1, seenAs(h1, { kind: 'host', session: 's1', registration: registration(hostId('h2')) })])]],
      ["0 event.rejected registry/h1 host: 'h2' is registered under the name h1; correct the agent's LIFEBOAT_HOST"],
    ],
    [
      'given a host we never told of, then its going is no news',
      [
        [0, gone(h1)],
        [1, view()],
        [9000, 'sound'],
      ],
      [],
    ],
  ];
  for (const [name, steps, told] of cases) it(name, () => assert.deepEqual(run(...steps).told, told));

  it('takes 10,000 hosts that reconnect in one decision, and stores nothing when nothing changed', () => {
    const all = Array.from({ length: 10_000 }, (_, i) => entry(hostId(`h${i}`)));
    const { state, told } = run([0, entries(...all)]);
    assert.equal(told.length, 10_000);
    const again = decide(state, { kind: 'observed', observation: entries(...all), at: instant(1) });
    assert.deepEqual([again.outputs.length, again.state.agents.changesSince(state.agents)], [0, { put: [], del: [] }]);
  });
});

describe('agents of many hosts gone at once', () => {
  const many = (n: number, from = 0) => Array.from({ length: n }, (_, i) => hostId(`m${from + i}`));
  const here = entries(...many(40).map((h) => entry(h)));
  const goneNow = (hosts: HostId[]) => gone(...hosts);
  const lost = (told: string[]) => told.filter((t) => t.includes('lost')).length;

  it('a rack among many: told at once', () => {
    assert.equal(lost(run([0, here], [10_000, goneNow(many(10))]).told), 10);
  });
  it('more than a quarter: the registry is doubted; who is back within the grace was never lost', () => {
    const back = entries(...many(15).map((h) => entry(h, 's2')));
    const { told } = run([0, here], [10_000, goneNow(many(16))], [12_000, back], [13_900, 'sound']);
    assert.equal(lost(told), 0);
    assert.equal(lost(run([0, here], [10_000, goneNow(many(16))], [12_000, back], [16_100, 'sound']).told), 1);
  });
  it('all are gone and come back slowly: as long as they come, the others have more time; who does not is lost in the end', () => {
    const back = (from: number, n: number) => entries(...many(n, from).map((h) => entry(h, 's2')));
    const slowly = [0, 1, 2].map((i): Step => [12_000 + 3_000 * i, back(10 * i, 10)]);
    const { told } = run([0, here], [10_000, goneNow(many(40))], ...slowly, [18_500, 'sound'], [19_000, back(30, 9)], [22_900, 'sound']);
    assert.equal(lost(told), 0);
    const later = run([0, here], [10_000, goneNow(many(40))], ...slowly, [18_500, 'sound'], [19_000, back(30, 9)], [30_000, 'sound']);
    assert.equal(lost(later.told), 1);
  });
  it('one after another: those up to the limit are told, the others get the grace', () => {
    const { told } = run([0, here], ...many(16).map((h, i): Step => [10_000 + 100 * i, goneNow([h])]));
    assert.equal(lost(told), 10);
  });
  it('slowly: each for itself', () => {
    const { told } = run([0, here], ...many(16).map((h, i): Step => [10_000 + 5_000 * i, goneNow([h])]));
    assert.equal(lost(told), 16);
  });
  it('of a region of which this part has few: the whole region is counted', () => {
    const ours = many(5);
    const seen = entries(...ours.map((h) => entry(h)));
    const of = (fell: number): Step => [10_000, { kind: 'gone', hosts: ours.slice(0, 2), region: { fell, of: 40 } }];
    assert.equal(lost(run([0, seen], of(10), [10_100, 'sound']).told), 2);
    assert.equal(lost(run([0, seen], of(11), [13_900, 'sound']).told), 0);
    assert.equal(lost(run([0, seen], of(11), [14_000, 'sound']).told), 2);
    const back = entries(...ours.map((h) => entry(h, 's2')));
    assert.equal(lost(run([0, seen], of(11), [11_000, back], [14_000, 'sound']).told), 0);
  });
  it('others first, then ours, within one grace: the registry is doubted before any of ours is told', () => {
    const others: Observation = { kind: 'gone', hosts: [], region: { fell: 11, of: 40 } };
    const told = (at: number) => lost(run([0, here], [10_000, others], [at, gone(hostId('m1'))], [at + 100, 'sound']).told);
    assert.deepEqual([told(13_000), told(15_000)], [0, 1]);
  });
  it('all of a part lost in the end: told in pieces, so that no decision is too large to store', () => {
    const all = many(350);
    const ticks = [0, 1, 2, 3, 4].map((i): Step => [14_000 + 500 * i, 'sound']);
    const { told } = run([0, entries(...all.map((h) => entry(h)))], [10_000, goneNow(all)], ...ticks);
    assert.deepEqual(
      ticks.map(([at]) => lost(told.filter((t) => t.startsWith(`${at} `)))),
      [100, 100, 100, 50, 0],
    );
  });
  it('who comes back while the others are being told has more time, and so have the others', () => {
    const all = many(150);
    const begin: Step[] = [
      [0, entries(...all.map((h) => entry(h)))],
      [10_000, goneNow(all)],
      [14_000, 'sound'],
    ];
    const { told, state } = run(...begin, [14_100, entries(entry(hostId('m99'), 's2'))], [14_500, 'sound'], [18_000, 'sound']);
    assert.equal(lost(told), 100);
    assert.equal(lost(run(...begin, [14_100, entries(entry(hostId('m99'), 's2'))], [18_100, 'sound']).told), state.missing.size + 100);
  });
});

describe('a watcher that stood still itself', () => {
  const stalled: Observation = { kind: 'stalled', forMs: 3_000 };
  it('what it finds gone then is lost when it has watched for one grace, and not if it is back by then', () => {
    const before: Step[] = [
      [0, entries(entry(h1))],
      [9_000, stalled],
      [9_001, gone(h1)],
    ];
    assert.equal(run(...before, [12_999, 'sound']).told.length, 1);
    assert.deepEqual(run(...before, [13_000, 'sound']).told.slice(1), ['13000 agent.lost h1 s1 session-lapsed runs 1']);
    assert.deepEqual(run(...before, [12_000, entries(entry(h1))], [13_000, 'sound']).told.slice(1), []);
  });
  it('what goes after that is told at once', () => {
    const { told } = run([0, entries(entry(h1))], [9_000, stalled], [13_000, 'sound'], [13_100, gone(h1)]);
    assert.deepEqual(told.slice(1), ['13100 agent.lost h1 s1 session-lapsed runs 1']);
  });
});

describe('a grace ends by a word of the registry, not by time', () => {
  const before: Step[] = [
    [0, entries(entry(h1))],
    [1_000, view()],
  ];
  it('time passes, and the registry says nothing: nobody is lost', () => assert.equal(run(...before, [60_000, 'tick']).told.length, 1));
  it('a new leader, before it has looked: what its predecessor missed may have come back', () => {
    const { state } = run(...before);
    const started = decide(state, { kind: 'started', epoch: epoch(2), at: instant(60_000) });
    assert.deepEqual(decide(started.state, { kind: 'tick', at: instant(60_500) }).outputs, []);
  });
  it('the registry is slow again and again: the others wait, but not for ever', () => {
    const slow = (until: number): Step[] =>
      Array.from({ length: until / 3_000 }, (_, i): Step[] => [
        [3_000 * (i + 1), { kind: 'stalled', forMs: 2_500 }],
        [3_000 * (i + 1), 'sound'],
      ]).flat();
    assert.equal(run(...before, ...slow(45_000)).told.length, 1);
    assert.deepEqual(run(...before, ...slow(54_000)).told.slice(1), ['51000 agent.lost h1 s1 session-lapsed runs 1']);
  });
});
