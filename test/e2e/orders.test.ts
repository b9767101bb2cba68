import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { VmId } from '@lifeboat/kernel';
import { repository } from '@lifeboat/local/services';
import { boot } from './evacuation.ts';
import { until } from './nova.ts';
import { type Stack, upStack } from './stack.ts';

const run = promisify(execFile);
const LIMIT_MS = 120_000;

/** What a person types at the command line, and reads there. */
interface Said {
  readonly code: number;
  readonly text: string;
}

describe('a person at the command line, and the distributed stack', { timeout: 900_000 }, () => {
  let stack: Stack;
  let vms: VmId[] = [];
  const host = () => stack.host(1);
  const lifeboat = async (...args: string[]): Promise<Said> => {
    const env = { ...process.env, LIFEBOAT_KAFKA: stack.servers.kafka.brokers.join(',') };
    const main = join(repository, 'deploy/cli/src/main.ts');
    return run(process.execPath, [main, ...args, '--by', 'li.wei'], { env, timeout: 60_000 }).then(
      ({ stdout }) => ({ code: 0, text: stdout }),
      (e: { code?: number; stdout?: string; stderr?: string }) => ({ code: e.code ?? 1, text: `${e.stdout ?? ''}${e.stderr ?? ''}` }),
    );
  };
  const whereIs = async () => new Map((await stack.lab.listServers('e2e')).map((s) => [s.vm, s.host]));
  const refusals = () => stack.recorder.of('lifeboat.order.refused').map((e) => e.data.reason);
  before(async () => {
    stack = await upStack((line) => console.log(line), { policy: { automation: 'manual', release: 'by-person' } });
    vms = await boot(stack, 1, 4);
  });
  after(async () => {
    await stack?.down();
  });

  it('states that a host is down whose BMC is silent, and that is its proof', async () => {
    stack.hosts.setFault(1, 'silent', true);
    await stack.hosts.powerCut(1);
    await stack.recorder.until('lifeboat.isolation.failed', (e) => e.data.host === host(), LIMIT_MS);
    assert.match((await lifeboat('statement', '--host', host(), '--words', 'I hold its cord')).text, /states for inc-compute-1/);
    const { data } = await stack.recorder.until('lifeboat.host.isolated', (e) => e.data.host === host(), LIMIT_MS);
    assert.deepEqual([data.proof.kind, data.proof.method, data.proof.detail], ['person', 'li.wei', 'I hold its cord']);
  });

  it('sees what waits, and starts one VM of it; the others stay', async () => {
    await stack.recorder.until('lifeboat.incident.waiting', (e) => e.data.for === 'person', LIMIT_MS);
    const shown = await lifeboat('evacuate', '--host', host());
    assert.match(shown.text, /4 of 4 VMs with a place[\s\S]*nothing was started; add --yes/);
    assert.equal(stack.recorder.of('lifeboat.evacuation.requested').length, 0);
    const [first = '' as VmId, ...rest] = vms;
    assert.match((await lifeboat('evacuate', '--host', host(), '--vm', first, '--yes')).text, /started by li\.wei/);
    await stack.recorder.until('lifeboat.vm.verified', (e) => e.data.vm === first, LIMIT_MS);
    const now = await whereIs();
    assert.deepEqual(
      rest.map((vm) => now.get(vm)),
      rest.map(() => host()),
    );
  });

  it('sees the same in the console, with the plan, and starts another one there', async () => {
    const { body: region } = await stack.console('region');
    const { incidents, lacks } = region as { incidents: { incident: string; waiting: number }[]; lacks: string };
    assert.deepEqual([incidents[0]?.waiting, lacks], [3, '']);
    const incident = incidents[0]?.incident ?? '';
    const { body } = await stack.console(`incidents/${incident}`);
    const { waiting } = body as { waiting: { vm: VmId; from: string; to: string }[] };
    const second = waiting.find((p) => p.vm === vms[1]);
    assert.ok(second !== undefined && second.to !== host());
    const placements = [{ vm: second.vm, from: second.from, to: second.to }];
    const given = await stack.console(`incidents/${incident}/evacuation`, { answer: 'evacuate', placements });
    assert.deepEqual([given.code, (given.body as { by?: string }).by], [202, 'li.wei'], JSON.stringify(given.body));
    await stack.recorder.until('lifeboat.vm.verified', (e) => e.data.vm === second.vm, LIMIT_MS);
    const failsNow = await stack.console(`plan?host=${stack.host(2)}`);
    assert.match(JSON.stringify(failsNow.body), /If host compute-2 failed now/);
    const now = await whereIs();
    assert.deepEqual([now.get(vms[2] as VmId), now.get(vms[3] as VmId)], [host(), host()], 'the others wait on');
  });

  it('declines the rest, and sees to what is left, one by one', async () => {
    const [, , one = '' as VmId, two = '' as VmId] = vms;
    assert.match((await lifeboat('evacuate', '--host', host(), '--no')).text, /declined by li\.wei/);
    await stack.recorder.until('lifeboat.incident.closed', (e) => e.data.outcome === 'declined', LIMIT_MS);
    const items = await lifeboat('items');
    assert.ok(items.text.includes(one) && items.text.includes(two), items.text);
    await lifeboat('item', one, 'dismiss');
    await stack.recorder.until('lifeboat.item.closed', (e) => e.data.vm === one && e.data.how === 'dismissed', LIMIT_MS);
    assert.equal((await lifeboat('item', one, 'retry')).code, 1, 'it is no item any more');
    await lifeboat('item', two, 'other-host');
    await stack.recorder.untilSo('it is said why not', () => refusals().includes('no host has refused it: say retry'), LIMIT_MS);
    const now = await whereIs();
    assert.deepEqual([now.get(one), now.get(two)], [host(), host()], 'nothing more has moved');
  });

  it('lets the host in, once it is back and not before', async () => {
    await lifeboat('release', '--host', host());
    await stack.recorder.untilSo('it is said why not', () => refusals().includes('the agent of compute-1 is not back'), LIMIT_MS);
    stack.hosts.setFault(1, 'silent', false);
    const began = Date.now();
    await stack.hosts.start(1);
    await stack.recorder.until('lifeboat.agent.registered', (e) => e.data.host === host() && e.time >= began, LIMIT_MS);
    await lifeboat('release', '--host', host());
    await stack.recorder.until('lifeboat.host.released', (e) => e.data.host === host(), LIMIT_MS);
    await until('it takes VMs again', LIMIT_MS, async () => (await stack.nova.serviceOf(host())).status === 'enabled');
  });

  it('nothing was dead-lettered', () => {
    assert.deepEqual(
      stack.recorder.of('lifeboat.event.rejected').map((e) => e.data.reason),
      [],
    );
  });
});
