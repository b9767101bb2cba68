import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { monitor } from '../src/decide/decide.ts';
import { initialState } from '../src/state.ts';
import { agent, type In, last, names, restartDone, round, run, settings, ssh, well } from './inputs.ts';

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

  it('leaves a host that has come back from the dead the time to boot', () => {
    const dead: [number, In][] = [
      [8_000, round('h1')],
      [9_000, round('h1')],
      [10_000, agent('lost')],
      [11_000, round('h1')],
    ];
    const back: [number, In][] = [
      [40_000, round()],
      [40_500, ssh('works')],
      [45_000, round()],
    ];
    const tooLong: [number, In][] = [
      [70_000, ssh('works')],
      [70_500, round()],
    ];
    assert.deepEqual(restarts(run(...well, ...dead, ...back).out.flat()), [], 'sshd answers before the agent has started');
    assert.deepEqual(restarts(run(...well, ...dead, ...back, ...tooLong).out.flat()), ['do restart/h1/s1/1']);
  });

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
