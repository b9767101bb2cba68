import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostId, instant } from '@lifeboat/kernel';
import { monitor } from '../src/decide/decide.ts';
import { initialState } from '../src/state.ts';
import { agent, compute, decide, type In, last, power, round, run, settings, unfit, well } from './inputs.ts';

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

  it('tells of a crash dump each time that its host says so, once for a storm of packets, until its agent is back', () => {
    const says =
      (host: string): In =>
      (at) => ({ kind: 'observed', at: instant(at), observation: { kind: 'dump', host: hostId(host), at: instant(at) } });
    const { out, state } = run(
      ...well,
      [5_000, says('h1')],
      [5_100, says('h1')],
      [15_000, says('h1')],
      [16_000, says('stranger')],
      [17_000, agent('registered')],
    );
    assert.deepEqual(
      out.slice(-5).map((o) => o.map((x) => x.replace(/.* (?=dump)/, 'h1 '))),
      [['h1 dump=in-progress@5000'], [], ['h1 dump=in-progress@15000'], [], []],
    );
    assert.equal(state.hosts.get('h1')?.signals.dump, undefined);
  });

  it('stores nothing for a round in which nothing happened', () => {
    const { state } = run(...well);
    const next = decide(state, round()(2_000)).state;
    assert.deepEqual([next.hosts === state.hosts, next.looks === state.looks], [true, true]);
  });
});
