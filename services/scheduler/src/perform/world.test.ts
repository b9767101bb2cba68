import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FleetVm, Plan } from '@lifeboat/contracts';
import { epoch, hostId, incidentId, ok, vmId } from '@lifeboat/kernel';
import type { SurveyEffect, SurveyResult } from '../effects.ts';
import type { FleetPlanner, PlanQuestion } from './fleet/planner.ts';
import { schedulerWorld } from './world.ts';

const v = (n: number) => vmId(`00000000-0000-4000-8000-00000000000${n}`);
const size = { vcpus: 1, memoryMb: 2, diskGb: 3 };
const vm = (n: number): FleetVm => ({
  ...{ vm: v(n), name: `v${n}`, host: hostId('h1'), size, businessType: '', performance: 'standard', priority: 500, status: 'ACTIVE' },
});
const order = ['h2', 'h3', 'h4'].map(hostId);

/** Everything goes to the first host that is not excluded. */
const firstFree = (asked: PlanQuestion[]): FleetPlanner => ({
  plan: async (q) => {
    asked.push(q);
    const [to, ...alternates] = order.filter((h) => !q.exclude.includes(h));
    const because = 'room';
    const plan: Plan = {
      placements: to === undefined ? [] : q.vms.map((x) => ({ vm: x, from: hostId('h1'), to, alternates, priority: 500, because })),
      unplaced: to === undefined ? q.vms.map((x) => ({ vm: x, from: hostId('h1'), kind: 'no-room' as const, because: 'full' })) : [],
      certificate: { placed: to === undefined ? 0 : q.vms.length, upperBound: q.vms.length, spread: [] },
    };
    return ok(plan);
  },
  hear: () => undefined,
  keep: async () => undefined,
  figures: () => assert.fail(),
  close: async () => undefined,
});
const context = { epoch: epoch(1), valid: () => true, signal: new AbortController().signal, attempt: 'a' };
const survey = async (avoid: SurveyEffect['avoid']) => {
  const asked: PlanQuestion[] = [];
  const cloud = { vmsOn: async () => ok([vm(1), vm(2), vm(3)]), vms: async () => ok([]) };
  const of = { kind: 'survey' as const, operation: 'o', incident: incidentId('inc-h1-1'), survey: 1, hosts: [hostId('h1')] };
  const effect: SurveyEffect = { ...of, skip: [], waiting: [], exclude: [], reserved: {}, ...(avoid === undefined ? {} : { avoid }) };
  const r = (await schedulerWorld({ cloud, planner: firstFree(asked) }).perform(effect, context)) as SurveyResult;
  assert.ok(r.ok);
  return { plan: r.plan, asked };
};

describe('a survey', () => {
  it('is one plan, where no VM is choosy', async () => assert.equal((await survey(undefined)).asked.length, 1));
  it('plans a VM that is to stay away from some hosts by itself, after the others and beside them', async () => {
    const { plan, asked } = await survey({ [v(2)]: [hostId('h2')] });
    assert.deepEqual(
      plan.placements.map((p) => [p.vm, p.to, p.alternates]),
      [
        [v(1), 'h2', ['h3', 'h4']],
        [v(3), 'h2', ['h3', 'h4']],
        [v(2), 'h3', ['h4']],
      ],
    );
    assert.deepEqual(asked[1]?.inFlight, { h2: { vcpus: 2, memoryMb: 4, diskGb: 6 } });
    assert.deepEqual([plan.certificate.placed, plan.certificate.upperBound], [3, 3]);
  });
  it('says why, where there is no other host', async () => {
    const { plan } = await survey({ [v(1)]: order, [v(2)]: order, [v(3)]: order });
    assert.equal(plan.placements.length, 0);
    assert.match(plan.unplaced[0]?.because ?? '', /full \(and not on h2, h3, h4, as a person wants\)/);
  });
});
