import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LifeboatEvent } from '@lifeboat/contracts';
import { hostId, instant, rackId } from '@lifeboat/kernel';
import { defaultMonitorSettings, type MonitorSettings } from '../settings.ts';
import { initialState, type MonitorState } from '../state.ts';
import { monitor } from './decide.ts';
import {
  lookAtCompute,
  lookAtPower,
  lookAtSsh,
  type MonitorEffect,
  type MonitorInput,
  type MonitorResult,
  restartAgent,
  roundAt,
} from './effects.ts';

const names = ['h1', 'h2', 'h3'];
const settings: MonitorSettings = {
  ...defaultMonitorSettings,
  hosts: new Map(
    names.map((n, i) => [
      hostId(n),
      { host: hostId(n), rack: rackId(i < 2 ? 'r1' : 'r2'), address: `10.0.0.${i}`, maintenance: false, fenced: true },
    ]),
  ),
};
const decide = monitor(settings);

type In = (at: number) => MonitorInput;
const round =
  (...silent: string[]): In =>
  (at) => ({
    kind: 'observed',
    at: instant(at),
    observation: {
      kind: 'round',
      round: roundAt(instant(at)),
      startedAt: instant(at),
      unfit: null,
      silent: silent.map((h) => ({ host: hostId(h), detail: 'no answer' })),
      unseen: [],
    },
  });
const unfit: In = (at) => ({
  kind: 'observed',
  at: instant(at),
  observation: { kind: 'round', round: roundAt(instant(at)), startedAt: instant(at), unfit: 'no carrier on eth0', silent: [], unseen: [] },
});
const agent =
  (kind: 'registered' | 'lost' | 'left', host = 'h1', session = 's1'): In =>
  (at) => {
    const type = kind === 'registered' ? 'lifeboat.agent.registered' : 'lifeboat.agent.lost';
    const data = { host, session, reason: kind === 'left' ? 'left' : 'session-lapsed', bootId: 'b', vms: [], peers: [], at };
    return {
      kind: 'event',
      at: instant(at),
      event: { type, data, id: 'x', source: 'agent-watcher/1', time: at, sequence: at } as unknown as LifeboatEvent,
    };
  };
const settled =
  (effect: MonitorEffect, result: MonitorResult): In =>
  (at) => ({ kind: 'settled', effect, result, at: instant(at) });
const ssh =
  (is: 'works' | 'refused' | 'dead', host = 'h1'): In =>
  (at) =>
    settled(lookAtSsh(hostId(host)), { kind: 'ssh', signal: { is, at: instant(at) } })(at);
const power =
  (is: 'on' | 'off' | 'unreachable' | 'error', host = 'h1'): In =>
  (at) =>
    settled(lookAtPower(hostId(host)), { kind: 'power', signal: { is, at: instant(at) } })(at);
const compute =
  (services: Record<string, 'up' | 'down' | 'disabled' | 'forced-down'> | null): In =>
  (at) =>
    settled(lookAtCompute, {
      kind: 'compute',
      at: instant(at),
      services: services && Object.entries(services).map(([h, is]) => [hostId(h), is] as const),
    })(at);
const restartDone = (attempt: number, succeeded: boolean, session = 's1'): In =>
  settled(restartAgent(hostId('h1'), session, attempt), { kind: 'restarted', succeeded, detail: 'exit 1' });

/** Runs the inputs and gives what came out of each, in words. */
function run(...inputs: [at: number, what: In][]): { state: MonitorState; out: string[][] } {
  let state = initialState;
  const out = inputs.map(([at, what]) => {
    const step = decide(state, what(at));
    state = step.state;
    return step.outputs.map((o) => {
      if (o.kind === 'do') return `do ${o.effect.operation}`;
      const e = o.event;
      if (e.type === 'lifeboat.node.observed')
        return `${e.data.host} ${Object.entries(e.data.signals)
          .map(([k, v]) => `${k}=${(v as { is: string }).is}@${(v as { at: number }).at}`)
          .join(' ')}`;
      if (e.type === 'lifeboat.round.completed')
        return `round ${e.data.observer} ${e.data.racks.map((r) => `${r.rack}:${r.alive}/${r.dead}`).join(' ')}`;
      if (e.type === 'lifeboat.agent.restarted') return `restarted ${e.data.succeeded} ${e.data.attempt}`;
      return e.type;
    });
  });
  return { state, out };
}
const well: [number, In][] = [
  [1_000, round()],
  [1_100, compute({ h1: 'up', h2: 'up', h3: 'up' })],
  [1_200, agent('registered')],
];
/** The outputs of the last input. */
const last = (...inputs: [number, In][]) => run(...well, ...inputs).out.at(-1) ?? [];

describe('what the node-monitor tells and looks at', () => {
  it('tells of every host once at first, with the round, and asks Nova', () => {
    const [first, second] = run(...well).out;
    assert.deepEqual(first, [
      'h1 management=alive@1000',
      'h2 management=alive@1000',
      'h3 management=alive@1000',
      'do compute',
      'round sound r1:2/0 r2:1/0',
    ]);
    assert.deepEqual(second, [
      'h1 management=alive@1000 compute=up@1100',
      'h2 management=alive@1000 compute=up@1100',
      'h3 management=alive@1000 compute=up@1100',
    ]);
  });

  const cases: [name: string, inputs: [number, In][], out: string[]][] = [
    ['given a quiet round, then nothing', [[2_000, round()]], []],
    ['given ten quiet seconds, then the round alone, and Nova is asked', [[11_000, round()]], ['do compute', 'round sound r1:2/0 r2:1/0']],
    ['given one lost ping, then nothing is dead', [[2_000, round('h1')]], []],
    [
      'given two rounds without an answer, then it is dead and looked at closely',
      [
        [2_000, round('h1')],
        [6_000, round('h1')],
      ],
      ['h1 management=dead@6000 compute=up@1100', 'do ssh/h1', 'do power/h1', 'do compute', 'round sound r1:1/1 r2:1/0'],
    ],
    [
      'given a lost ping between answers, then it starts counting anew',
      [
        [2_000, round('h1')],
        [3_000, round()],
        [4_000, round('h1')],
      ],
      [],
    ],
    [
      'given a lost agent, then SSH, power and Nova are asked at once',
      [[6_000, agent('lost')]],
      ['do ssh/h1', 'do power/h1', 'do compute'],
    ],
    [
      'given a lost agent, then every round tells of its host, with fresh times',
      [
        [6_000, agent('lost')],
        [6_100, compute({ h1: 'up', h2: 'up', h3: 'up' })],
        [7_000, round()],
      ],
      ['h1 management=alive@7000 compute=up@6100', 'do ssh/h1', 'do power/h1', 'round sound r1:2/0 r2:1/0'],
    ],
    [
      'given the power read while suspect, then it is told at once',
      [
        [6_000, agent('lost')],
        [6_500, power('off')],
      ],
      ['h1 management=alive@1000 compute=up@1100 power=off@6500'],
    ],
    [
      'given the same power again, then the next round tells it',
      [
        [6_000, agent('lost')],
        [6_500, power('off')],
        [7_500, power('off')],
      ],
      [],
    ],
    [
      'given nova-compute down, then the host is suspect',
      [[12_000, compute({ h1: 'down', h2: 'up', h3: 'up' })]],
      ['h1 management=alive@1000 compute=down@12000', 'do ssh/h1', 'do power/h1'],
    ],
    [
      'given nova-compute disabled, then it is told and not suspected',
      [
        [5_000, compute({ h1: 'disabled', h2: 'up', h3: 'up' })],
        [6_000, round()],
      ],
      [],
    ],
    [
      'given a host that Nova does not know, then it is missing',
      [[12_000, compute({ h2: 'up', h3: 'up' })]],
      ['h1 management=alive@1000 compute=missing@12000'],
    ],
    ['given Nova silent, then nothing is concluded', [[12_000, compute(null)]], []],
    [
      'given the agent back and all well, then nothing more',
      [
        [6_000, agent('lost')],
        [7_000, round()],
        [8_000, agent('registered', 'h1', 's2')],
        [9_000, round()],
      ],
      [],
    ],
    [
      'given the loss of a session that a newer one replaced, then nothing',
      [
        [6_000, agent('registered', 'h1', 's2')],
        [7_000, agent('lost', 'h1', 's1')],
      ],
      [],
    ],
    ['given an answer to a look at a host that is well, then nothing', [[7_000, power('off')]], []],
    [
      'given that our own links are down, then nobody is dead and we say why',
      [
        [2_000, unfit],
        [3_000, unfit],
      ],
      ['round cut-off r1:2/0 r2:1/0'],
    ],
    ['given that nobody in several racks answers, then it is us', [[2_000, round('h1', 'h2', 'h3')]], ['round cut-off r1:0/2 r2:0/1']],
    [
      'given a sound round after a cut-off one, then it is told at once',
      [
        [2_000, unfit],
        [3_000, round()],
      ],
      ['round sound r1:2/0 r2:1/0'],
    ],
    [
      'given a host long dead, then it is looked at every five seconds only',
      [
        [6_000, round('h1')],
        [7_000, round('h1')],
        [130_000, round('h1')],
        [131_000, round('h1')],
      ],
      [],
    ],
    [
      'given a change of one long dead, then every round again',
      [
        [6_000, round('h1')],
        [7_000, round('h1')],
        [130_000, round('h1')],
        [130_500, power('off')],
        [131_000, round('h1')],
      ],
      ['h1 management=dead@131000 compute=up@1100 power=off@130500', 'do ssh/h1', 'do power/h1', 'round sound r1:1/1 r2:1/0'],
    ],
  ];
  for (const [name, inputs, out] of cases) it(name, () => assert.deepEqual(last(...inputs), out));

  it('does not look closely at a host in maintenance, but tells what changes', () => {
    const one = settings.hosts.get(hostId('h1'));
    assert.ok(one);
    const planned = monitor({ ...settings, hosts: new Map([...settings.hosts, [one.host, { ...one, maintenance: true }]]) });
    const first = planned(initialState, round()(1_000));
    const lost = planned(first.state, agent('lost')(2_000));
    assert.deepEqual(lost.outputs, []);
    const silent = planned(planned(lost.state, round('h1')(3_000)).state, round('h1')(4_000));
    assert.deepEqual(
      silent.outputs.map((o) => (o.kind === 'do' ? o.effect.kind : o.event.type)),
      ['lifeboat.node.observed', 'lifeboat.round.completed'],
    );
  });

  it('concludes nothing of a host that could not be asked', () => {
    const { state } = run(...well);
    const r = { kind: 'round', round: 2, startedAt: instant(2_000), unfit: null, silent: [], unseen: [hostId('h1')] } as const;
    let step = decide(state, { kind: 'observed', at: instant(2_000), observation: r });
    for (const at of [3_000, 11_500]) step = decide(step.state, { kind: 'observed', at: instant(at), observation: r });
    assert.equal(step.state.hosts.get('h1')?.signals.management?.is, 'alive');
    const told = step.outputs.flatMap((o) => (o.kind === 'tell' && o.event.type === 'lifeboat.round.completed' ? o.event.data.racks : []));
    assert.deepEqual(told, [
      { rack: 'r1', alive: 1, dead: 0 },
      { rack: 'r2', alive: 1, dead: 0 },
    ]);
  });

  it('forgets hosts that the topology no longer names', () => {
    const { state } = run(...well);
    const fewer = monitor({ ...settings, hosts: new Map([...settings.hosts].slice(0, 2)) });
    assert.deepEqual(fewer(state, round()(2_000)).state.hosts.keys(), ['h1', 'h2']);
  });

  it('stores nothing for a round in which nothing happened', () => {
    const { state } = run(...well);
    const next = decide(state, round()(2_000)).state;
    assert.deepEqual([next.hosts === state.hosts, next.looks === state.looks], [true, true]);
  });
});

describe('how silent agents are restarted', () => {
  const lost: [number, In][] = [
    [10_000, agent('lost')],
    [10_500, ssh('works')],
  ];
  const restarts = (lines: string[]) => lines.filter((l) => /restart/.test(l));

  const cases: [name: string, inputs: [number, In][], out: string[]][] = [
    ['waits for an agent that may come back by itself', [...lost, [12_000, round()]], []],
    ['then restarts it where SSH works', [...lost, [13_000, round()]], ['do restart/h1/s1/1']],
    [
      'not where SSH was seen to work before the loss only',
      [
        [10_000, agent('lost')],
        [13_000, round()],
      ],
      [],
    ],
    [
      'not where SSH is refused',
      [
        [10_000, agent('lost')],
        [10_500, ssh('refused')],
        [13_000, round()],
      ],
      [],
    ],
    ['not on a word that is old', [...lost, [25_000, round()]], []],
    [
      'not an agent stopped on purpose',
      [
        [10_000, agent('left')],
        [10_500, ssh('works')],
        [13_000, round()],
      ],
      [],
    ],
    [
      'tells that it succeeded when the agent registers',
      [...lost, [13_000, round()], [13_500, restartDone(1, true)], [15_000, agent('registered', 'h1', 's2')]],
      ['restarted true 1'],
    ],
    ['tells a command that failed', [...lost, [13_000, round()], [13_500, restartDone(1, false)]], ['restarted false 1']],
    [
      'tells an agent that did not register in time',
      [...lost, [13_000, round()], [13_500, restartDone(1, true)], [33_500, round()]],
      ['restarted false 1'],
    ],
    [
      'backs off before the second try',
      [...lost, [13_000, round()], [13_500, restartDone(1, false)], [20_000, ssh('works')], [23_000, round()]],
      [],
    ],
    [
      'tries a second time',
      [...lost, [13_000, round()], [13_500, restartDone(1, false)], [20_000, ssh('works')], [23_500, round()]],
      ['do restart/h1/s1/2'],
    ],
  ];
  for (const [name, inputs, out] of cases) it(name, () => assert.deepEqual(restarts(last(...inputs)), out));

  it('gives up after three tries', () => {
    const { out } = run(
      ...well,
      ...lost,
      [13_000, round()],
      [13_100, restartDone(1, false)],
      [24_000, ssh('works')],
      [24_100, round()],
      [24_200, restartDone(2, false)],
      [60_000, ssh('works')],
      [60_100, round()],
      [60_200, restartDone(3, false)],
      [120_000, ssh('works')],
      [120_100, round()],
    );
    assert.deepEqual(restarts(out.flat()), [
      'do restart/h1/s1/1',
      'restarted false 1',
      'do restart/h1/s1/2',
      'restarted false 2',
      'do restart/h1/s1/3',
      'restarted false 3',
    ]);
  });

  it('logs in to no more than a few at once', () => {
    const some = monitor({ ...settings, restart: { ...settings.restart, atOnce: 2 } });
    let state = initialState;
    const inputs: [number, In][] = [
      [1_000, round()],
      ...names.flatMap((h): [number, In][] => [
        [2_000, agent('lost', h)],
        [2_500, ssh('works', h)],
      ]),
    ];
    for (const [at, what] of inputs) state = some(state, what(at)).state;
    const begun = some(state, round()(6_000)).outputs.filter((o) => o.kind === 'do' && o.effect.kind === 'restart-agent');
    assert.equal(begun.length, 2);
  });
});
