import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { movedOnce, play } from './scenario.ts';
import { alpha } from './stories.ts';

const STANDS_MS = 60_000;

/** As its API does whose process is stopped, or whose database is: who asked has long given up when his call is taken up. */
describe('Nova stands still for a minute with calls in hand, and takes them up afterwards', () => {
  for (const afterMs of [200, 300])
    for (const seed of [1, 2, 3])
      it(`${afterMs} ms after the order, seed ${seed}: every VM is evacuated once`, async () => {
        const t = await play({
          healMs: 240_000,
          more: { seed },
          happens: (s) => {
            s.at(10_000, () => s.world.powerOff(alpha));
            const stands = (so: boolean) => () => {
              s.nova.api.stands = so;
            };
            s.once('lifeboat.evacuation.requested', () => {
              s.at(afterMs, stands(true));
              s.at(afterMs + STANDS_MS, stands(false));
            });
          },
          story: `
            13 s .. 30 s   migrator   compute-01 is proven dead
            60 s .. 230 s  scheduler  evacuated`,
        });
        movedOnce(t, alpha);
        assert.equal(t.incidents, 1);
      });
});
