import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plan } from '@lifeboat/planner';
import { check } from './checker.ts';
import { randomRequest } from './instances.ts';

/** More: PLANNER_INSTANCES=100000 */
const instances = Number(process.env.PLANNER_INSTANCES ?? 3000);

describe('random regions', () => {
  it(`${instances} plans break no rule`, () => {
    for (let seed = 0; seed < instances; seed++)
      assert.deepEqual(check(randomRequest(seed), plan(randomRequest(seed))), [], `seed ${seed}`);
  });

  it('VMs of several Nova cells that must stay together go nowhere (seed 91774, found among 100,000)', () => {
    assert.deepEqual(check(randomRequest(91774), plan(randomRequest(91774))), []);
  });

  it('the same request gives the same plan, byte for byte', () => {
    for (let seed = 0; seed < 200; seed++)
      assert.equal(JSON.stringify(plan(randomRequest(seed))), JSON.stringify(plan(structuredClone(randomRequest(seed)))), `seed ${seed}`);
  });

  it('the checker sees what is wrong', () => {
    const spoil: ((p: ReturnType<typeof plan>, to: string) => void)[] = [
      (p) => p.placements.pop(),
      (p) => Object.assign(p.placements[0] as object, { to: p.placements[0]?.from }),
      (p, to) => {
        for (const x of p.placements) Object.assign(x, { to });
      },
      (p) => Object.assign(p.certificate, { upperBound: 0 }),
      (p) => p.unplaced.push({ vm: p.placements[0]?.vm as never, from: p.placements[0]?.from as never, because: 'x', kind: 'no-room' }),
    ];
    const seeds = Array.from({ length: 60 }, (_, seed) => seed).filter((seed) => plan(randomRequest(seed)).placements.length > 5);
    for (const [n, wrong] of spoil.entries()) {
      const seen = seeds.filter((seed) => {
        const p = structuredClone(plan(randomRequest(seed)));
        wrong(p, p.placements[0]?.to ?? '');
        return check(randomRequest(seed), p).length > 0;
      });
      assert.ok(seen.length > 0, `spoilt plan ${n} was taken`);
    }
  });
});
