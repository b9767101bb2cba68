import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { play } from './scenario.ts';
import type { Stage } from './simulate.ts';
import { alpha, tell } from './stories.ts';
import { cloudStoppedBeforeTheCall, cloudToldWhateverComes } from './without.ts';

/** Longer than a successor waits for calls that its predecessor may have had on their way. */
const STOPPED_MS = 18_000;

/** SIGSTOP after the migrator has looked and asked whether it leads, before the first byte of its call has left. */
const stopped = () => {
  let stage: Stage | undefined;
  const wrap = cloudStoppedBeforeTheCall(
    () =>
      new Promise((goesOn) => {
        stage?.stallLeader('migrator', STOPPED_MS);
        stage?.at(STOPPED_MS, goesOn);
      }),
  );
  const happens = (s: Stage) => {
    stage = s;
    s.at(10_000, () => s.world.powerOff(alpha));
  };
  return { wrap, happens };
};

describe('a migrator is stopped right before its call to Nova, and goes on when another has long taken over', () => {
  it('its call is never made: every VM is evacuated once', async () => {
    const { wrap, happens } = stopped();
    const t = await play({
      healMs: 240_000,
      more: { wrap: { cloud: wrap } },
      happens,
      story: `
        13 s .. 30 s   migrator   compute-01 is proven dead
        20 s .. 120 s  scheduler  evacuated`,
    });
    assert.ok(t.trace.some((l) => l.includes('stalled')));
  });
  it('without the look at the last moment one is evacuated while its evacuation is under way', async () => {
    const { wrap, happens } = stopped();
    const t = await tell(240_000, happens, { wrap: { cloud: (cloud) => cloudToldWhateverComes(wrap(cloud)) } });
    assert.ok(
      t.violations.some((v) => v.rule === 'no-double-evacuate' || v.rule === 'death-first'),
      t.violations.map((v) => v.text).join(),
    );
  });
});
