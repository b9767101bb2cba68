import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Registration, VmReport } from '@lifeboat/contracts';
import { type HostId, hostId, instant, vmId } from '@lifeboat/kernel';
import { initialState, type WatcherState } from '../state.ts';
import { watchAgents } from './decide.ts';
import type { Entry, Observation } from './entries.ts';

const GRACE = 4_000;
const decide = watchAgents({ graceMs: GRACE });
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
  { kind: 'host', session, registration: registration(host, change) },
];
const entries = (...e: Entry[]): Observation => ({ kind: 'entries', entries: e });
const gone = (host: HostId): Entry => [host, null];
const view = (...present: HostId[]): Observation => ({ kind: 'view', present });
const malformed = (raw: string): Entry => [h1, { kind: 'malformed', session: 's1', reason: 'vms: must be array', raw }];

/** [time, observation or 'tick'] in; what was told, in words, out. */
type Step = readonly [at: number, what: Observation | 'tick'];
function run(...steps: Step[]): { state: WatcherState; told: string[] } {
  let state = initialState;
  const told: string[] = [];
  for (const [at, what] of steps) {
    const step = decide(
      state,
      what === 'tick' ? { kind: 'tick', at: instant(at) } : { kind: 'observed', observation: what, at: instant(at) },
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
  };
  const more = [
    d.session,
    d.reason,
    d.vms && `runs ${d.vms.length}`,
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
        [2, 'tick'],
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
        [9000, entries(gone(h1))],
        [9500, 'tick'],
      ],
      ['0 agent.registered h1 s1 runs 1', '9000 agent.lost h1 s1 session-lapsed runs 1'],
    ],
    [
      'given an agent that said it was leaving, then it left, even in the grace',
      [
        [0, entries(entry(h1))],
        [1, view(h1)],
        [2, entries(entry(h1, 's1', { leaving: true }))],
        [3, entries(gone(h1))],
      ],
      ['0 agent.registered h1 s1 runs 1', '3 agent.lost h1 s1 left runs 1'],
    ],
    [
      'given a new session without a loss seen between, then the agent is registered anew',
      [
        [0, entries(entry(h1))],
        [1, entries(entry(h1, 's2', { bootId: 'b2' }))],
      ],
      ['0 agent.registered h1 s1 runs 1', '1 agent.registered h1 s2 runs 1'],
    ],
    [
      'given a host missing in the view after a gap, then it is lost when the grace is over, not before',
      [
        [0, entries(entry(h1))],
        [100, view()],
        [100 + GRACE - 1, 'tick'],
        [100 + GRACE, 'tick'],
        [9999, 'tick'],
      ],
      ['0 agent.registered h1 s1 runs 1', '4100 agent.lost h1 s1 session-lapsed runs 1'],
    ],
    [
      'given a host missing in the view that comes back within the grace, then nothing is told',
      [
        [0, entries(entry(h1))],
        [100, view()],
        [2000, entries(entry(h1))],
        [5000, 'tick'],
      ],
      ['0 agent.registered h1 s1 runs 1'],
    ],
    [
      'given a session that ends within the grace after a gap, then it waits for the end of the grace',
      [
        [0, entries(entry(h1))],
        [100, view(h1)],
        [3000, entries(gone(h1))],
        [4000, 'tick'],
        [4100, 'tick'],
      ],
      ['0 agent.registered h1 s1 runs 1', '4100 agent.lost h1 s1 session-lapsed runs 1'],
    ],
    [
      'given a session that ends after the grace, then it is told at once',
      [
        [0, entries(entry(h1))],
        [100, view(h1)],
        [4100, 'tick'],
        [4200, entries(gone(h1))],
      ],
      ['0 agent.registered h1 s1 runs 1', '4200 agent.lost h1 s1 session-lapsed runs 1'],
    ],
    [
      'given a second gap, then the grace begins anew',
      [
        [0, entries(entry(h1))],
        [100, view()],
        [3000, view()],
        [4200, 'tick'],
        [7000, 'tick'],
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
      [[0, entries([h1, { kind: 'host', session: 's1', registration: registration(hostId('h2')) }])]],
      ["0 event.rejected registry/h1 host: 'h2' is registered under the name h1; correct the agent's LIFEBOAT_HOST"],
    ],
    [
      'given a host we never told of, then its going is no news',
      [
        [0, entries(gone(h1))],
        [1, view()],
        [9000, 'tick'],
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
    assert.deepEqual([again.outputs.length, again.state.hosts.changesSince(state.hosts)], [0, { put: [], del: [] }]);
  });
});
