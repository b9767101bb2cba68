import type { VmId } from '@lifeboat/kernel';
import { cutAndWatch, type Run } from './evacuation.ts';
import { must, until } from './nova.ts';
import type { Stack } from './stack.ts';

const version = { best: [2, 87], least: [2, 68] } as const;
const LIMIT_MS = 60_000;

/** How a VM gets into each state that Nova knows, by what is asked of Nova; and how Nova then calls it. */
const ways = {
  active: { ask: null, status: 'ACTIVE' },
  locked: { ask: { lock: null }, status: 'ACTIVE' },
  stopped: { ask: { 'os-stop': null }, status: 'SHUTOFF' },
  error: { ask: { 'os-resetState': { state: 'error' } }, status: 'ERROR' },
  paused: { ask: { pause: null }, status: 'PAUSED' },
  suspended: { ask: { suspend: null }, status: 'SUSPENDED' },
  rescued: { ask: { rescue: {} }, status: 'RESCUE' },
  /** Moved cold from another host, and nobody has confirmed it yet. */
  resized: { ask: 'move', status: 'VERIFY_RESIZE' },
  /** On no host any more: nothing that a host's failure could take. */
  shelved: { ask: { shelve: null }, status: 'SHELVED_OFFLOADED' },
  unwanted: { ask: null, status: 'ACTIVE' },
} as const;
export type State = keyof typeof ways;
export const states = Object.keys(ways) as State[];

/** One VM in each state on host `n`, by name; `from`: where the one that is resized comes from. */
export async function bootStates(stack: Stack, n: number, from: number): Promise<Readonly<Record<State, VmId>>> {
  const { lab } = stack;
  const booted = states.map(async (state): Promise<[State, VmId]> => {
    const host = stack.host(ways[state].ask === 'move' ? from : n);
    const metadata: Record<string, string> = state === 'unwanted' ? { HA_Enabled: 'False' } : {};
    const [vm] = await lab.boot({ count: 1, host, flavor: 'm1.tiny', metadata, name: `e2e-state-${state}` });
    if (vm === undefined) throw new Error(`lab: no VM to be ${state}`);
    const { ask, status } = ways[state];
    const body = ask === 'move' ? { migrate: { host: stack.host(n) } } : ask;
    if (body !== null) {
      const path = `/servers/${vm}/action`;
      must(await lab.compute.send({ method: 'POST', path, body, version, signal: AbortSignal.timeout(LIMIT_MS) }));
    }
    await until(`${state}: ${status}`, LIMIT_MS, async () => {
      const now = (await lab.listServers('e2e-state')).find((s) => s.vm === vm);
      return now?.status === status && now.task === null && (state === 'shelved' ? now.host === null : now.host === stack.host(n));
    });
    return [state, vm];
  });
  return Object.fromEntries(await Promise.all(booted)) as Record<State, VmId>;
}

export interface StatesRun {
  readonly vms: Readonly<Record<State, VmId>>;
  readonly run: Run;
}

/** The power of a host is cut whose VMs are in every state. */
export async function cutStates(stack: Stack, n: number, from: number): Promise<StatesRun> {
  const vms = await bootStates(stack, n, from);
  return { vms, run: await cutAndWatch(stack, n, Object.values(vms)) };
}
