import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { DataByType } from '@lifeboat/contracts';
import { repository } from '@lifeboat/local/services';
import { vmsOn } from './main-job.ts';
import { must, until } from './nova.ts';
import type { Say, Stack } from './stack.ts';

const run = promisify(execFile);
const DRAINED_MS = 50_000;

/** What an operator types. */
export const operator =
  (brokers: readonly string[], timeLimitMs = DRAINED_MS) =>
  (...words: readonly string[]): Promise<{ stdout: string }> =>
    run(process.execPath, [`${repository}/deploy/cli/src/main.ts`, ...words, '--by', 'e2e'], {
      env: { ...process.env, LIFEBOAT_KAFKA: brokers.join(',') },
      timeout: timeLimitMs,
    });

export interface Drained {
  readonly closed: DataByType['lifeboat.drain.closed'];
  /** What the operator saw. */
  readonly shown: string;
  readonly tookMs: number;
}

/** Planned evacuation of a host that is well, one of whose VMs is stopped; and its release afterwards. */
export const drainAndRelease = async (stack: Stack, n: number, say: Say): Promise<Drained> => {
  const host = stack.host(n);
  const cli = operator(stack.servers.kafka.brokers);
  const vms = await vmsOn(stack, n);
  const [first] = vms;
  if (first === undefined || vms.length < 3) throw new Error(`${host} has ${vms.length} VMs: too few to be drained`);
  const stop = { path: `/servers/${first}/action`, body: { 'os-stop': null }, version: { best: [2, 68], least: [2, 68] } } as const;
  must(await stack.lab.compute.send({ method: 'POST', ...stop, signal: AbortSignal.timeout(30_000) }));
  await until('it is stopped', 20_000, async () =>
    (await stack.lab.listServers('e2e')).some((s) => s.vm === first && s.status === 'SHUTOFF'),
  );
  const began = performance.now();
  const { stdout } = await cli('drain', host, '--yes');
  const tookMs = performance.now() - began;
  say(stdout.trim());
  const [closed] = stack.recorder.of('lifeboat.drain.closed', (e) => e.data.host === host);
  assert.ok(closed !== undefined, 'it was closed');
  const there = await stack.lab.listServers('e2e');
  for (const vm of vms) {
    const now = there.find((s) => s.vm === vm);
    const told: Drained['closed']['vms'][number] | undefined = closed.data.vms.find((v) => v.vm === vm);
    assert.deepEqual([told?.outcome, told?.how], ['moved', vm === first ? 'cold' : 'live'], vm);
    assert.deepEqual([now?.host, now?.status, now?.task], [told?.host, vm === first ? 'SHUTOFF' : 'ACTIVE', null], vm);
    assert.notEqual(now?.host, host);
  }
  const service = await stack.nova.serviceOf(host);
  assert.deepEqual([service.status, service.forced_down, service.state], ['disabled', false, 'up']);
  await cli('release', '--host', host);
  await until('it takes VMs again', 20_000, async () => (await stack.nova.serviceOf(host)).status === 'enabled');
  return { closed: closed.data, shown: stdout, tookMs };
};
