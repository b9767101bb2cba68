import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterPolicy, EventOf } from '@lifeboat/contracts';
import { type HostId, instant } from '@lifeboat/kernel';
import type { Stage } from './simulate.ts';
import { alpha, placesOf, type Told, tell } from './stories.ts';

const with_ = (policy: Partial<ClusterPolicy>) => ({
  asking: false,
  region: { ownerStopped: 0, unevacuable: 0, antiAffinityGroups: 0, policy: { releaseAfterHealthyMs: 10_000, ...policy } },
});
const well = (t: Told) => assert.deepEqual(t.violations, [], t.trace.slice(-30).join('\n'));
const elsewhere = (t: Told) => {
  assert.ok(t.vms.length > 0);
  for (const at of placesOf(t.world, t.vms)) assert.ok(at.length === 1 && at[0] !== alpha, `runs on ${at.join(', ') || 'no host'}`);
};
const storm = { ownerStopped: 0, unevacuable: 0, antiAffinityGroups: 0 };
const by = 'li.wei';
const at = instant(0);

/** Starts what the last plan says, as somebody who has read it. */
const startsIt = (s: Stage, plan: EventOf<'lifeboat.plan.made'>): void => {
  const { incident, plan: made } = plan.data;
  const placements = made.placements.map(({ vm, from, to }) => ({ vm, from, to }));
  s.order({ type: 'lifeboat.evacuation.chosen', data: { incident, answer: 'evacuate', placements, by, at } });
};

describe('Stories of people who decide', () => {
  it('manual: nothing moves until somebody starts it, then all does', async () => {
    const t = await tell(
      120_000,
      (s) => {
        s.at(10_000, () => s.world.powerOff(alpha));
        s.once('lifeboat.plan.made', (plan) => s.at(40_000, () => startsIt(s, plan)));
      },
      with_({ automation: 'manual' }),
    );
    well(t);
    const [plan] = t.of('lifeboat.plan.made');
    const [first] = t.of('lifeboat.evacuation.started');
    assert.ok((first?.time ?? 0) - (plan?.time ?? 0) >= 40_000, 'not before');
    assert.equal(t.of('lifeboat.confirmation.settled')[0]?.data.by, by);
    elsewhere(t);
  });

  it('the fence devices are silent for good: somebody states that the host is down, and that is its proof', async () => {
    const t = await tell(
      120_000,
      (s) => {
        for (const f of s.world.host(alpha).fences.values()) f.reachable = false;
        s.at(10_000, () => s.world.powerOff(alpha));
        s.once('lifeboat.isolation.failed', () =>
          s.at(20_000, () => s.order({ type: 'lifeboat.statement.made', data: { host: alpha, by, words: 'its cord is in my hand', at } })),
        );
      },
      with_({}),
    );
    well(t);
    const proof = t.of('lifeboat.host.isolated')[0]?.data.proof;
    assert.deepEqual([proof?.kind, proof?.method, proof?.detail], ['person', by, 'its cord is in my hand']);
    elsewhere(t);
  });

  it('a statement that the fence device contradicts moves nothing: the host is switched off first', async () => {
    const t = await tell(
      150_000,
      (s) => {
        const fences = [...s.world.host(alpha).fences.values()];
        for (const f of fences) f.failing = true;
        s.at(10_000, () => {
          s.world.cutManagement(alpha);
          s.world.cutProduction(alpha);
        });
        s.once('lifeboat.isolation.failed', () => {
          for (const f of fences) f.failing = false;
          s.order({ type: 'lifeboat.statement.made', data: { host: alpha, by, words: 'it looks dark', at } });
        });
      },
      with_({}),
    );
    well(t);
    assert.ok(t.of('lifeboat.host.isolated').some((e) => e.data.proof.kind === 'fence'));
    elsewhere(t);
  });

  it('a returned host is let in by a person, where the cluster wants it so', async () => {
    const lets = (s: Stage, host: HostId) => s.order({ type: 'lifeboat.release.approved', data: { host, by, at } });
    const t = await tell(
      60_000,
      (s) => {
        s.at(10_000, () => s.world.powerOff(alpha));
        s.at(15_000, () => lets(s, alpha));
        s.once('lifeboat.incident.closed', () => s.at(180_000, () => lets(s, alpha)));
      },
      with_({ release: 'by-person' }),
    );
    well(t);
    assert.equal(t.of('lifeboat.order.refused').length, 1, 'while it is dead it is not let in');
    const [approved] = t.of('lifeboat.release.approved').slice(-1);
    assert.ok((t.of('lifeboat.host.released')[0]?.time ?? 0) >= (approved?.time ?? 1));
  });

  it('a storm of hosts, each an incident of its own, is a few messages, whose answer counts for all that each lists', async () => {
    const racks = (s: Stage) => Map.groupBy(s.world.hosts.values(), (h) => h.spec.rack);
    const t = await tell(
      240_000,
      (s) => {
        // every other host of every rack: no rack has failed
        for (const hosts of racks(s).values())
          for (const h of hosts.filter((_, n) => n % 2 === 0)) s.at(10_000, () => s.world.powerOff(h.spec.host));
      },
      {
        asking: true,
        region: { ...storm, hosts: 24, vms: 48, racks: 6, brake: { clusterShare: 0.95, regionShare: 0.95 } },
      },
    );
    well(t);
    const asked = t.of('lifeboat.confirmation.requested').length;
    const mails = t.of('lifeboat.notice.sent').filter((e) => e.data.channel === 'e-mail' && e.data.subject.startsWith('CONFIRM'));
    assert.ok(asked >= 6, `${asked} questions`);
    assert.ok(mails.length <= asked / 2, `${mails.length} mails for ${asked} questions`);
    const received = t.of('lifeboat.confirmation.received').map((e) => e.data.confirmation);
    assert.equal(new Set(received).size, received.length);
    assert.ok(t.of('lifeboat.vm.verified').length > 0, 'somebody said yes');
  });
});
