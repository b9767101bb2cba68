import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Plan } from '@lifeboat/contracts';
import { type PlanRequest, plan } from '@lifeboat/planner';
import { check } from './checker.ts';
import { families, instance } from './optima/instances.ts';
import { digestOf, type Optimum } from './optima/optimum.ts';

const optima: Optimum[] = JSON.parse(readFileSync(new URL('optima/optima.json', import.meta.url), 'utf8'));

const exact = (f: string) => f.startsWith('openstack') || f === 'adversarial-loose';

const placedByPriority = (q: PlanRequest, p: Plan): number[] =>
  [...new Set(q.fleet.vms.map((v) => v.priority))].sort((a, b) => a - b).map((x) => p.placements.filter((y) => y.priority === x).length);

const inFirstChoice = (q: PlanRequest, p: Plan): number => {
  const [rules] = q.clusters.values();
  const vms = new Map(q.fleet.vms.map((v) => [v.vm, v]));
  const hosts = new Map(q.fleet.hosts.map((h) => [h.host, h]));
  return p.placements.filter((x) => {
    const fast = rules?.policy.startsWith('high-performance') && vms.get(x.vm)?.performance === 'high';
    return hosts.get(x.to)?.cluster === (fast ? 'fast' : 'own');
  }).length;
};

describe('against exact optima', () => {
  it('every fixture still belongs to its instance', () => {
    for (const o of optima)
      assert.equal(digestOf(instance(o.family, o.seed)), o.digest, `${o.family} ${o.seed}: run optima/generate.ts again`);
  });

  it('there is one of every kind: shaped and adversarial, tight and loose, groups, tiers, priorities', () => {
    for (const f of families) assert.ok(optima.filter((o) => o.family === f).length >= 3, f);
  });

  it('places as many of every priority as can be on OpenStack-shaped regions, nearly as many on adversarial ones', () => {
    for (const o of optima) {
      const q = instance(o.family, o.seed);
      const p = plan(q);
      const most = o.placed.reduce((a, b) => a + b, 0);
      const name = `${o.family} ${o.seed}`;
      assert.deepEqual(check(q, p), [], name);
      assert.ok(p.certificate.upperBound >= most, `${name}: the bound ${p.certificate.upperBound} is below the optimum ${most}`);
      if (exact(o.family)) assert.deepEqual(placedByPriority(q, p), o.placed, name);
      else assert.ok(p.placements.length >= most * 0.97, `${name}: ${p.placements.length} of ${most}`);
      // More in their first choice than the optimum has is possible only with fewer placed.
      assert.ok(inFirstChoice(q, p) >= o.first * 0.92, `${name}: ${inFirstChoice(q, p)} of ${o.first} in their first choice`);
    }
  });
});
