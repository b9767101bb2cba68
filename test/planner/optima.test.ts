import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { plan } from '@lifeboat/planner';
import { check } from './checker.ts';
import { instance } from './optima/instances.ts';
import { digestOf, type Optimum } from './optima/optimum.ts';

const optima: Optimum[] = JSON.parse(readFileSync(new URL('optima/optima.json', import.meta.url), 'utf8'));

describe('against exact optima', () => {
  it('every fixture still belongs to its instance', () => {
    for (const o of optima)
      assert.equal(digestOf(instance(o.family, o.seed)), o.digest, `${o.family} ${o.seed}: run optima/generate.ts again`);
  });

  it('places as many as can be on OpenStack-shaped regions, nearly as many on adversarial ones', () => {
    for (const o of optima) {
      const q = instance(o.family, o.seed);
      const p = plan(q);
      const most = o.placed.reduce((a, b) => a + b, 0);
      assert.deepEqual(check(q, p), [], `${o.family} ${o.seed}`);
      assert.ok(
        p.certificate.upperBound >= most,
        `${o.family} ${o.seed}: the bound ${p.certificate.upperBound} is below the optimum ${most}`,
      );
      const exact = ['openstack', 'openstack-groups', 'openstack-priorities'].includes(o.family);
      assert.ok(p.placements.length >= most * (exact ? 1 : 0.95), `${o.family} ${o.seed}: ${p.placements.length} of ${most}`);
    }
  });
});
