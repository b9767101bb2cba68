import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Diagnosis, diagnose } from './diagnose.ts';
import type { Seen } from './evidence.ts';

const seen = (change: Partial<Seen>): Seen => ({
  agent: 'lost',
  management: 'dead',
  ssh: 'dead',
  production: 'dead',
  sure: true,
  beyond: 'unknown',
  power: 'on',
  compute: 'up',
  dumping: false,
  lines: [],
  ...change,
});
const words = (d: Diagnosis): string => (d.kind === 'judged' ? `${d.verdict}${d.failed ? ', failed' : ''}` : d.kind);
const judge = (change: Partial<Seen>, powerIsAwaited = false) => words(diagnose(seen(change), powerIsAwaited));

const powers = ['on', 'off', 'unreachable', 'error', 'unknown'] as const;
type Row = readonly [
  agent: 'ok' | 'lost',
  management: 'works' | 'dead',
  production: 'alive' | 'dead',
  on: string,
  off: string,
  unknown: string,
];
/** All combinations of what the table asks for, by its rows; 'unknown' is a fence device that is silent, fails, or was not asked. */
const table: readonly Row[] = [
  ['lost', 'works', 'alive', 'agent failure', 'agent failure', 'agent failure'],
  ['lost', 'works', 'dead', 'agent failure', 'agent failure', 'agent failure'],
  ['lost', 'dead', 'alive', 'management network failure', 'undecided', 'management network failure'],
  ['lost', 'dead', 'dead', 'host failure, failed', 'host power failure, failed', 'host failure, failed'],
  ['ok', 'works', 'alive', 'well', 'well', 'well'],
  ['ok', 'works', 'dead', 'production network failure', 'production network failure', 'production network failure'],
  ['ok', 'dead', 'alive', 'well', 'well', 'well'],
  ['ok', 'dead', 'dead', 'undecided', 'undecided', 'undecided'],
];

describe('the diagnosis table', () => {
  for (const [agent, management, production, on, off, unknown] of table) {
    for (const power of powers) {
      const wanted = power === 'on' ? on : power === 'off' ? off : unknown;
      it(`agent ${agent}, management ${management}, production ${production}, power ${power}: ${wanted}`, () => {
        const over =
          management === 'works' ? ({ management: 'alive', ssh: 'works' } as const) : ({ management: 'dead', ssh: 'dead' } as const);
        assert.equal(judge({ agent, production, power, ...over }), wanted);
      });
    }
  }
  it('only hosts that are silent on both networks are ever taken for failed', () => {
    for (const [agent, management, production, ...verdicts] of table)
      if (verdicts.some((v) => v.endsWith('failed'))) assert.deepEqual([agent, management, production], ['lost', 'dead', 'dead']);
  });
  it('says by which row it judged', () => {
    const rule = (change: Partial<Seen>) => {
      const d = diagnose(seen(change), false);
      return d.kind === 'judged' ? d.rule : '';
    };
    assert.equal(rule({}), 'agent lost, management dead, production dead, power on');
    assert.equal(
      rule({ power: 'unreachable' }),
      'agent lost, management dead, production dead, power unknown (the fence device is silent)',
    );
    assert.equal(rule({ power: 'off' }), 'agent lost, management dead, production dead, power off');
    assert.equal(rule({ management: 'alive', ssh: 'refused' }), 'agent lost, management address answers, SSH refuses the login');
  });
});

describe('unknown is never dead', () => {
  it('no probe of the management address: undecided', () => assert.equal(judge({ management: 'unknown', ssh: 'unknown' }), 'undecided'));
  it('SSH works though the address did not answer: the host lives', () => assert.equal(judge({ ssh: 'works' }), 'agent failure'));
  it('the address answers and nobody tried SSH: undecided', () =>
    assert.equal(judge({ management: 'alive', ssh: 'unknown' }), 'undecided'));
  it('the address answers and SSH is dead or refuses: the machine lives, its agent does not', () => {
    assert.equal(judge({ management: 'alive', ssh: 'dead' }), 'agent failure');
    assert.equal(judge({ management: 'alive', ssh: 'refused' }), 'agent failure');
  });
  it('no peer says anything about the production address: undecided, whatever else is dead', () => {
    for (const power of ['on', 'unreachable', 'error', 'unknown'] as const)
      assert.equal(judge({ production: 'unknown', power }), 'undecided', power);
  });
  it('peers see it dead, but by what a few lost probes would look like: undecided, whatever the fence device says', () => {
    for (const power of powers) assert.equal(judge({ sure: false, power }), 'undecided', power);
  });
  it('power off is proof enough without a peer', () =>
    assert.equal(judge({ production: 'unknown', power: 'off' }), 'host power failure, failed'));
  it('the fence device has not been asked yet: its word is waited for, for a while', () => {
    assert.equal(judge({ power: 'unknown' }, true), 'undecided');
    assert.equal(judge({ power: 'unknown' }, false), 'host failure, failed');
    assert.equal(judge({ power: 'unreachable' }, true), 'host failure, failed', 'a silent device will not say more by waiting');
  });
  it('an agent that was never heard of is no fault; with a silent host it is a question', () => {
    assert.equal(judge({ agent: 'unknown', management: 'alive', ssh: 'unknown' }), 'well');
    assert.equal(judge({ agent: 'unknown', management: 'unknown', ssh: 'unknown' }), 'well');
    assert.equal(judge({ agent: 'unknown' }), 'undecided');
    assert.equal(judge({ agent: 'unknown', power: 'off' }), 'undecided');
  });
});
