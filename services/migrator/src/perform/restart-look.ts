import type { Failure, Outcome } from '@lifeboat/kernel';
import type { Clock, Cloud, CloudFailure, CloudVm, ComputeService, OperationLedger, VmAct } from '@lifeboat/ports';
import type { PerformContext } from '@lifeboat/runtime';
import type { RestartEffect, RestartResult } from '../effects.ts';

export interface RestartPorts {
  readonly cloud: Cloud;
  readonly ledger: OperationLedger;
  readonly clock: Clock;
  readonly services: ServiceLooks;
}
/**
 * `begun`: an earlier life of ours had asked for it already, and Nova took it; `last`: the newest of what was asked since;
 * `pausedByUs`: Nova has it as paused because an earlier try of ours did not get as far as resuming it.
 */
export type May = Readonly<{ kind: 'may'; vm: CloudVm; begun: boolean; last: string | null; pausedByUs: boolean }>;
export type Look = RestartResult | May;
export type NotRestarted = Extract<RestartResult, { kind: 'not-restarted' }>;

export const notDone = (then: NotRestarted['then'], code: string, detail: string): NotRestarted => ({
  kind: 'not-restarted',
  then,
  code,
  detail,
});
export const retry = (f: Failure): NotRestarted => notDone('retry', f.code, f.detail);

/** Nova writes a crashed VM down as stopped, which takes it a moment; its owner may be at work on it, too. */
const BUSY_LIMIT_MS = 20_000;
const BUSY_AGAIN_MS = 1_000;
/** Nova's times of acts have no fractions of a second. */
const floorSecond = (ms: number): number => Math.floor(ms / 1_000) * 1_000;

/** What Nova calls that which we ask for. */
const ours: Readonly<Record<RestartEffect['how'], readonly string[]>> = {
  reboot: ['reboot'],
  resume: ['pause', 'unpause'],
  move: ['migrate', 'resize', 'confirmResize', 'reboot'],
};
/** Asked for by somebody else, these have brought the VM back already; all others say that somebody has it in hand. */
const bringsBack = new Set(['reboot', 'start', 'unpause', 'resume', 'rebuild', 'evacuate', 'unshelve', 'unrescue', 'restore']);
/** Whoever moved it, and however often: these say whether it is to run. */
export const powerActs: ReadonlySet<string> = new Set(['start', 'stop', 'reboot']);
const fitting: Readonly<Record<RestartEffect['how'], readonly string[]>> = {
  reboot: ['active', 'stopped', 'error'],
  resume: ['active'],
  move: ['active', 'stopped'],
};

/**
 * Does the VM still need this, and does nobody else want it otherwise? Looked at in Nova, right before the act: the VM, what was
 * asked of Nova about it since it failed, and its host's compute service.
 */
export async function look(ports: RestartPorts, e: RestartEffect, context: PerformContext, earlierCall: boolean): Promise<Look> {
  const settled = await whenFree(ports, e, context, earlierCall);
  if (!settled.ok) return settled.code === 'CLOUD_NOT_FOUND' ? notDone('gone', settled.code, settled.detail) : retry(settled);
  const vm = settled.value;
  const down = await ports.services.whyNot(e.host);
  // Last: what somebody else asks for right now must not be missed.
  const acts = await ports.cloud.acts(e.vm);
  if (!acts.ok) return retry(acts);
  const triedUntil = Math.max(e.since, e.triedUntil ?? 0);
  const since = acts.value.filter((a) => a.by !== null && a.at >= floorSecond(a.ours === true ? triedUntil : e.since));
  const begun = earlierCall && since.some((a) => a.ours === true && ours[e.how].includes(a.act));
  if (vm.locked === true) return notDone('leave', 'CLOUD_CONFLICT', 'it is locked in Nova: somebody wants nobody to act on it');
  if (vm.highAvailability === false) return notDone('leave', 'CLOUD_CONFLICT', 'HA_Enabled is False: its owner wants no high availability');
  const pausedByUs = vm.vmState === 'paused' && isOurResume(acts.value[0]);
  const may: May = { kind: 'may', vm, begun, last: since[0]?.act ?? null, pausedByUs };
  if (begun) return may;
  const other = settledByOthers(vm, since, acts.value);
  if (other !== null) return other;
  if (vm.host !== e.host) return notDone('leave', 'CLOUD_CONFLICT', `it is on ${vm.host ?? 'no host'} by now: somebody moved it`);
  if (vm.task !== null) return notDone('retry', 'CLOUD_CONFLICT', `Nova is at work on it (${vm.task})`);
  if (!pausedByUs && !fitting[e.how].includes(vm.vmState))
    return notDone('leave', 'CLOUD_CONFLICT', `Nova has it as ${vm.vmState}: somebody wants it so`);
  return down === null ? may : notDone('retry', 'CLOUD_CONFLICT', down);
}

/** One half of a resume of ours: a call whose answer never came, or one that Nova obeyed after we had stopped waiting. */
export const isOurResume = (newest: VmAct | undefined): boolean => newest?.ours === true && ours.resume.includes(newest.act);

function settledByOthers(vm: CloudVm, since: readonly VmAct[], all: readonly VmAct[]): RestartResult | null {
  const [newest] = since;
  if (newest !== undefined && bringsBack.has(newest.act) && vm.host !== null) return { kind: 'restarted', host: vm.host, adopted: true };
  if (newest !== undefined && !isOurResume(newest))
    return notDone('leave', 'CLOUD_CONFLICT', `somebody asked Nova for '${newest.act}' after it had failed`);
  // Stopped before we heard of the failure: by Nova itself, which found it dead, or by its owner?
  const stop = vm.vmState === 'stopped' ? all.find((a) => powerActs.has(a.act)) : undefined;
  return stop?.act === 'stop' && stop.by !== null ? notDone('leave', 'CLOUD_CONFLICT', 'its owner stopped it') : null;
}

/** Somebody has asked for its stop since it failed. We had looked before we began, so it was meanwhile. */
export function stoppedMeanwhile(acts: readonly VmAct[], e: RestartEffect): NotRestarted | null {
  const newest = acts.find((a) => a.by !== null && a.ours !== true && a.at >= floorSecond(e.since));
  return newest?.act === 'stop' ? notDone('leave', 'CLOUD_CONFLICT', 'its owner stopped it while it was moved') : null;
}

async function whenFree(
  ports: RestartPorts,
  e: RestartEffect,
  context: PerformContext,
  earlierCall: boolean,
): Promise<Outcome<CloudVm, CloudFailure>> {
  const end = ports.clock.monotonic() + BUSY_LIMIT_MS;
  for (;;) {
    const vm = await ports.cloud.vm(e.vm);
    // In a task of our own it is followed, not waited for.
    if (!vm.ok || vm.value.task === null || earlierCall || context.signal.aborted || ports.clock.monotonic() >= end) return vm;
    await ports.clock.sleep(BUSY_AGAIN_MS, context.signal);
  }
}

const FRESH_MS = 5_000;

/** Nova's compute services, asked once for the restarts of one moment. */
export class ServiceLooks {
  readonly #cloud: Cloud;
  readonly #clock: Clock;
  #until = 0;
  #last: Promise<Outcome<readonly ComputeService[], CloudFailure>> | null = null;

  constructor(cloud: Cloud, clock: Clock) {
    this.#cloud = cloud;
    this.#clock = clock;
  }

  /** Why nothing should be asked of this host now: a message to a dead one waits for it, and is obeyed late. */
  async whyNot(host: string): Promise<string | null> {
    return this.#why(host, (s) => (s.up && !s.forcedDown ? null : `Nova's compute service of ${host} is not up`));
  }

  /** Why Nova would put nothing on this host now. */
  async whyNoTarget(host: string): Promise<string | null> {
    return this.#why(host, (s) => (s.up && s.enabled && !s.forcedDown ? null : `Nova's compute service of ${host} is not up and enabled`));
  }

  async #why(host: string, judge: (s: ComputeService) => string | null): Promise<string | null> {
    if (this.#last === null || this.#clock.monotonic() >= this.#until) {
      this.#until = this.#clock.monotonic() + FRESH_MS;
      this.#last = this.#cloud.computeServices();
    }
    const services = await this.#last;
    if (!services.ok) {
      this.#last = null;
      return `${services.code}: ${services.detail}`;
    }
    const service = services.value.find((s) => s.host === host);
    return service === undefined ? `Nova has no compute service on ${host}` : judge(service);
  }
}
