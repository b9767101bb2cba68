import { readdirSync, readFileSync } from 'node:fs';
import { boot, cutAndWatch, lookAfterwards, powerOnAndRelease } from './evacuation.ts';
import { vmsOn } from './main-job.ts';
import type { Stack } from './stack.ts';
import { sinceCut } from './timeline.ts';

export const killable = ['agent-watcher', 'node-monitor', 'fault-correlator', 'scheduler', 'migrator', 'notifier', 'agent'] as const;
export type Killable = (typeof killable)[number];
export interface KillRow {
  readonly service: Killable;
  readonly vms: number;
  readonly outcome: string;
  readonly backMs: number;
  readonly verifiedMs: number;
  readonly twice: readonly string[];
  readonly forgotten: readonly string[];
}

/** The agent of a lab host, by its command and what it was told: its host restarts it, as systemd would. */
const agentOf = (host: string): number => {
  for (const pid of readdirSync('/proc').filter((p) => /^\d+$/.test(p)))
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const isAgent = command[0]?.endsWith('node') === true && command[1]?.endsWith('services/agent/src/main.ts') === true;
      if (isAgent && readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`LIFEBOAT_HOST=${host}`)) return Number(pid);
    } catch {
      // ended while we looked
    }
  throw new Error(`no agent of ${host} runs`);
};

const killAgent = async (stack: Stack, n: number): Promise<number> => {
  const host = stack.host(n);
  const began = Date.now();
  process.kill(agentOf(host), 'SIGKILL');
  await stack.recorder.until('lifeboat.agent.registered', (e) => e.data.host === host && e.time >= began, 60_000);
  return Date.now() - began;
};

/** `kill -9` of a service while a host's VMs are being evacuated; nothing else is touched. The host is back at the end. */
export const killDuring = async (stack: Stack, service: Killable, n: number, least: number): Promise<KillRow> => {
  const there = await vmsOn(stack, n);
  if (there.length < least) await boot(stack, n, least - there.length);
  const vms = await vmsOn(stack, n);
  let backMs = 0;
  const bystander = (n % stack.hosts.numbers.length) + 1;
  const run = await cutAndWatch(stack, n, vms, async () => {
    backMs = await (service === 'agent' ? killAgent(stack, bystander) : stack.services.kill(service));
  });
  const [closed] = stack.recorder.of('lifeboat.incident.closed', (e) => e.incident === run.incident);
  const after = await lookAfterwards(stack, run);
  await powerOnAndRelease(stack, n);
  return {
    service,
    vms: vms.length,
    outcome: closed?.data.outcome ?? 'open',
    backMs,
    verifiedMs: sinceCut(run, 'last vm.verified'),
    ...after,
  };
};
