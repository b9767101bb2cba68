import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Plan } from '@lifeboat/contracts';
import { tellStory } from '@lifeboat/story';
import { drainAndRelease } from './drain.ts';
import { lookAfterwards, powerOnAndRelease, type Run } from './evacuation.ts';
import { mainJob, prepareMainJob, report } from './main-job.ts';
import { until } from './nova.ts';
import { errorsIn } from './services.ts';
import { CONTACT, type Stack, upStack } from './stack.ts';
import { cutStates, type State } from './vm-states.ts';

const VICTIM = 1;
/** A healthy host, with VMs of its own and of the victim. */
const DRAINED = 2;
const STATES = 4;
const say = (line: string) => console.log(line);

/** VMs of each business type in the rack that has most of them. Their names say their type. */
const mostInARack = async ({ lab, topology }: Stack): Promise<Map<string, number>> => {
  const rackOf = new Map<string, string>(topology.hosts.map((h) => [h.host, h.rack]));
  const counts = new Map<string, Map<string, number>>();
  for (const s of await lab.listServers('e2e')) {
    const type = /^e2e-(.+?)-\d/.exec(s.name)?.[1] ?? '';
    const racks = counts.get(type) ?? new Map<string, number>();
    const rack = rackOf.get(s.host ?? '') ?? '';
    counts.set(type, racks.set(rack, (racks.get(rack) ?? 0) + 1));
  }
  return new Map([...counts].map(([type, racks]) => [type, Math.max(...racks.values())]));
};

describe('the main job: a host loses its power, and its VMs come back', { timeout: 900_000 }, () => {
  let stack: Stack;
  let run: Run;
  before(async () => {
    stack = await upStack(say);
    const floor = await prepareMainJob(stack);
    run = await mainJob(stack, VICTIM);
    say(report(run, floor));
  });
  after(async () => {
    await stack?.down();
  });

  it('had 40 VMs and more, 12 and more on the host that failed', async () => {
    assert.ok((await stack.lab.listServers('e2e')).length >= 40);
    assert.ok(run.vms.length >= 12);
  });

  it('every VM is ACTIVE without a task on another host, by Nova, and was evacuated once', async () => {
    assert.deepEqual(await lookAfterwards(stack, run), { forgotten: [], twice: [] });
    const servers = await stack.lab.listServers();
    assert.equal(new Set(servers.map((s) => s.vm)).size, servers.length);
    assert.equal(servers.filter((s) => s.host === run.host).length, 0);
  });

  it('every VM was seen running by the agent of the host where Nova has it', async () => {
    const hostOf = new Map((await stack.lab.listServers('e2e')).map((s) => [s.vm, s.host]));
    const verified = stack.recorder.of('lifeboat.vm.verified', (e) => e.incident === run.incident);
    assert.deepEqual(verified.map((e) => e.data.vm).sort(), [...run.vms].sort());
    for (const { data } of verified) {
      assert.equal(data.host, hostOf.get(data.vm));
      const seen = stack.recorder.of(
        'lifeboat.agent.reported',
        (e) => e.data.host === data.host && e.data.changed.some((v) => v.vm === data.vm && v.state === 'running'),
      );
      assert.ok(seen.length > 0, `no agent has reported ${data.vm}`);
    }
  });

  it('the incident is closed as evacuated, with every VM in its report', () => {
    const [closed] = stack.recorder.of('lifeboat.incident.closed', (e) => e.incident === run.incident);
    assert.equal(closed?.data.outcome, 'evacuated');
    assert.deepEqual(
      closed?.data.vms
        .filter((v) => v.outcome === 'running')
        .map((v) => v.vm)
        .sort(),
      [...run.vms].sort(),
    );
  });

  it('its proof of death was recorded before anything was evacuated', async () => {
    const [isolated] = stack.recorder.of('lifeboat.host.isolated', (e) => e.incident === run.incident);
    assert.equal(isolated?.data.proof.host, run.host);
    const isolatedAt = isolated?.time ?? Number.POSITIVE_INFINITY;
    assert.ok(isolatedAt < run.times['first evacuation.started']);
    for (const ordered of stack.recorder.of('lifeboat.evacuation.requested', (e) => e.incident === run.incident)) {
      assert.ok(ordered.time >= isolatedAt);
      assert.deepEqual(ordered.data.proof, isolated?.data.proof);
    }
    // Nova's own books, in whole seconds
    for (const m of await stack.nova.evacuationsFrom(run.host))
      if (run.vms.some((vm) => vm === m.instance_uuid)) assert.ok(Date.parse(`${m.created_at}Z`) + 1_000 > isolatedAt);
  });

  it('no host holds more than it may, and no rack more of a business type than the plan says', async () => {
    assert.deepEqual(
      (await stack.nova.books()).flatMap((b) => b.over),
      [],
    );
    const plans = stack.recorder.of('lifeboat.plan.made', (e) => e.incident === run.incident);
    const spread: Plan['certificate']['spread'] = plans.flatMap((p) => p.data.plan.certificate.spread);
    assert.ok(spread.length >= 4);
    const most = await mostInARack(stack);
    for (const { businessType } of spread) {
      const planned = Math.max(...spread.filter((s) => s.businessType === businessType).map((s) => s.most));
      assert.ok((most.get(businessType) ?? 0) <= planned, `${businessType}: ${most.get(businessType)} in one rack, planned ${planned}`);
    }
  });

  it('the operator was told by mail, of the beginning and of the end', async () => {
    const about = () => stack.mailbox.mails.filter((m) => m.to.includes(CONTACT) && m.subject.includes(run.host));
    await until('a mail of the end', 60_000, async () => about().some((m) => m.subject.includes('closed')));
    // an incident that is over while its first mail is still being gathered begins and ends in that one
    const text = (raw: string) => raw.replaceAll(/=\r?\n/g, '');
    assert.ok(about().some((m) => text(m.raw).includes('host power failure')));
  });

  it("the host comes back by itself once it has power: clean, enabled, and each VM in one host's books only", async () => {
    say(`released ${((await powerOnAndRelease(stack, VICTIM)) / 1000).toFixed(1)} s after its power came back`);
    const holders = new Map<string, string[]>();
    for (const { host, consumers } of await stack.nova.books())
      for (const c of consumers) holders.set(c, [...(holders.get(c) ?? []), host]);
    assert.deepEqual(
      run.vms.flatMap((vm) => (holders.get(vm)?.length === 1 ? [] : [`${vm}: ${holders.get(vm)}`])),
      [],
    );
    assert.deepEqual(await lookAfterwards(stack, run), { forgotten: [], twice: [] });
  });

  it('afterwards another host is drained at the command line: running VMs leave alive, the stopped one cold, nothing is forced', async () => {
    const { closed, shown, tookMs } = await drainAndRelease(stack, DRAINED, say);
    say(`drained in ${(tookMs / 1000).toFixed(1)} s: ${closed.vms.length} VMs`);
    assert.equal(closed.outcome, 'emptied');
    for (const { vm } of closed.vms) assert.ok(shown.includes(vm), 'the operator is shown each VM');
    assert.equal((await stack.nova.evacuationsFrom(closed.host)).length, 0);
    assert.equal(stack.recorder.of('lifeboat.host.isolated', (e) => e.data.host === closed.host).length, 0);
  });

  it('another host fails whose VMs are in every state that Nova knows: each ends as its owner had it, or waits with a reason', async () => {
    const { vms, run: second } = await cutStates(stack, STATES, DRAINED);
    const [closed] = stack.recorder.of('lifeboat.incident.closed', (e) => e.incident === second.incident);
    const told = (state: State) => closed?.data.vms.find((v) => v.vm === vms[state]);
    const now = new Map((await stack.lab.listServers('e2e-state')).map((s) => [s.vm, s]));
    for (const [state, outcome, status] of [
      ['active', 'running', 'ACTIVE'],
      ['locked', 'running', 'ACTIVE'],
      ['error', 'running', 'ACTIVE'],
      ['stopped', 'stopped', 'SHUTOFF'],
    ] as const) {
      const s = now.get(vms[state]);
      assert.deepEqual([told(state)?.outcome, s?.status, s?.task], [outcome, status, null], state);
      assert.deepEqual([told(state)?.host === s?.host, s?.host === second.host], [true, false], state);
      assert.equal(told(state)?.name, s?.name, 'told by its name');
    }
    for (const [state, reason] of [
      ['paused', /it is paused/],
      ['suspended', /it is suspended/],
      ['rescued', /it is rescued/],
      ['resized', /it is resized/],
      ['unwanted', /HA_Enabled is False/],
    ] as const) {
      assert.equal(told(state)?.outcome, 'unevacuable', state);
      assert.match(told(state)?.reason ?? '', reason, state);
      assert.equal(now.get(vms[state])?.host, second.host, 'left alone');
      assert.ok(stack.recorder.of('lifeboat.vm.unevacuable', (e) => e.data.vm === vms[state]).length > 0, `${state} is an item`);
    }
    assert.equal(told('shelved'), undefined, 'it was on no host');
    assert.equal(closed?.data.outcome, 'partly-evacuated');
    // one that waits for its resize to be confirmed is in the books of two hosts
    await stack.lab.deleteAll('e2e-state');
  });

  it('everything on the topics could be read, nothing was dead-lettered, no service logged an error', () => {
    assert.deepEqual([stack.recorder.unreadable, stack.recorder.of('lifeboat.event.rejected').map((e) => e.data.reason)], [[], []]);
    assert.deepEqual(
      stack.services.names.flatMap((name) => errorsIn(stack.services.logOf(name)).slice(0, 3)),
      [],
    );
  });

  it('its story can be told from the events alone', () => {
    const story = tellStory(stack.recorder.events, run.incident);
    say(story.join('\n'));
    for (const word of ['is lost', 'is proven dead', 'forced down', 'incident closed'])
      assert.ok(
        story.some((l) => l.includes(word)),
        word,
      );
  });
});
