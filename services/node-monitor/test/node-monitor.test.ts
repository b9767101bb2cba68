import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant } from '@lifeboat/kernel';
import type { MonitorInput, Round } from '../src/decide/effects.ts';
import { decide, round, run, well } from './inputs.ts';
import { lab } from './lab.ts';

describe('node-monitor in its shell', () => {
  it('tells little while all is well', async () => {
    const l = lab();
    const stop = l.start('m1');
    await l.clock.runFor(35_000);
    assert.deepEqual(
      [
        l.told().filter((e) => e.type === 'lifeboat.node.observed').length,
        l.told().filter((e) => e.type === 'lifeboat.round.completed').length,
      ],
      [4, 4],
      'each host when first seen and when Nova first spoke; a round every ten seconds',
    );
    await stop();
    assert.deepEqual(l.troubles, ['stopped']);
  });

  it('has every signal of a dead host within three rounds, fresh in each', async () => {
    const l = lab();
    const stop = l.start('m1');
    await l.clock.runFor(5_000);
    l.broken.add('10.0.0.1').add('power');
    await l.tell('lifeboat.agent.lost', 's1');
    await l.clock.runFor(3_100);
    const s = l.lastOf('h1');
    assert.deepEqual([s?.management?.is, s?.ssh?.is, s?.power?.is, s?.power?.detail, s?.compute?.is], ['dead', 'dead', 'off', 'bmc', 'up']);
    for (const signal of [s?.management, s?.ssh, s?.power, s?.compute]) assert.ok(l.clock.now() - (signal?.at ?? 0) <= 4_000);
    await stop();
  });

  const devices: [name: string, broken: string[], is: string][] = [
    ['asks the second method when the first is silent', ['bmc'], 'on'],
    ["says 'unreachable' when every device is silent", ['bmc', 'pdu'], 'unreachable'],
    ["says 'error' when one of them answers with an error", ['bmc', 'pdu', 'pdu refuses'], 'error'],
  ];
  for (const [name, broken, is] of devices)
    it(name, async () => {
      const l = lab();
      const stop = l.start('m1');
      for (const b of broken) l.broken.add(b);
      await l.tell('lifeboat.agent.lost', 's1');
      await l.clock.runFor(2_000);
      assert.equal(l.lastOf('h1')?.power?.is, is);
      await stop();
    });

  it('restarts a silent agent, and a new leader goes on where the old one stopped', async () => {
    const l = lab();
    const first = l.start('m1');
    await l.tell('lifeboat.agent.lost', 's1');
    await l.clock.runFor(4_500);
    assert.deepEqual(l.restarted, ['10.0.0.1']);
    await first();
    const second = l.start('m2');
    await l.clock.runFor(2_000);
    await l.tell('lifeboat.agent.registered', 's2');
    await l.clock.runFor(2_000);
    assert.deepEqual(l.restarted, ['10.0.0.1'], 'not again');
    assert.deepEqual(
      l.told().flatMap((e) => (e.type === 'lifeboat.agent.restarted' ? [[e.data.succeeded, e.data.attempt]] : [])),
      [[true, 1]],
    );
    await second();
  });

  it('calls nobody dead while its own link is down', async () => {
    const l = lab();
    const stop = l.start('m1');
    await l.clock.runFor(3_000);
    l.broken.add('ourselves').add('10.0.0.1').add('10.0.0.2');
    await l.clock.runFor(5_000);
    assert.equal(l.lastOf('h1')?.management?.is, 'alive');
    const round = l.told().at(-1);
    assert.ok(round?.type === 'lifeboat.round.completed');
    assert.deepEqual([round.data.observer, round.data.reason], ['cut-off', 'no carrier']);
    await stop();
  });

  it('a standby looks all the while: taking over it knows at once who has been silent', async () => {
    const l = lab();
    const first = l.start('m1');
    await l.clock.runFor(5_000);
    const second = l.start('m2');
    await l.clock.runFor(1_000);
    l.broken.add('10.0.0.1');
    first.cut();
    await l.clock.runFor(5_500);
    const dead = l.told().find((e) => e.type === 'lifeboat.node.observed' && e.data.signals.management?.is === 'dead');
    const leads = l.leads.find((x) => x.instance === 'm2');
    assert.ok(dead !== undefined && leads !== undefined);
    assert.ok(dead.time - leads.at <= 300, `${dead.time - leads.at} ms after it took over`);
    await second();
    await first();
  });

  it('one silence seen by two monitors is one', async () => {
    const { state } = run(...well, [5_000, round('h1')]);
    const again = decide(state, round('h1')(5_200)).state;
    assert.deepEqual([again.hosts.get('h1')?.misses, again.hosts.get('h1')?.signals.management?.is], [1, 'alive']);
    assert.equal(decide(again, round('h1')(6_000)).state.hosts.get('h1')?.signals.management?.is, 'dead');
  });

  it('an older answer, heard on standby, does not undo a newer silence', async () => {
    const { state } = run(...well, [5_000, round('h1')]);
    const heardLate = round()(5_300) as Extract<MonitorInput, { kind: 'observed' }>;
    const observation = { ...(heardLate.observation as Round), startedAt: instant(4_000) };
    const replayed = decide(state, { ...heardLate, observation });
    assert.equal(replayed.state.hosts.get('h1')?.misses, 1);
  });
});
