import { type Failure, failures, type HostId, type Outcome } from '@lifeboat/kernel';
import type { CloudVm, VmAct } from '@lifeboat/ports';
import type { PerformContext } from '@lifeboat/runtime';
import type { RestartEffect, RestartResult } from '../effects.ts';
import { isOurResume, look, type May, type NotRestarted, notDone, type RestartPorts, retry, stoppedMeanwhile } from './restart-look.ts';

/** A call that an earlier life of ours had in hand may still be on its way to Nova: this long it is waited for. */
const EARLIER_CALL_MS = 5_000;
const LOOK_AGAIN_MS = 1_000;
const REBOOT_LIMIT_MS = 120_000;
const PAUSE_LIMIT_MS = 30_000;
const MOVE_LIMIT_MS = 600_000;

/**
 * Brings one failed VM back through Nova, once: by a hard reboot, which Nova takes in every state that a crash or a hang leaves
 * behind; by pausing and resuming, which lets a VM go on that its hypervisor had paused; or by a cold move.
 */
export async function restart(ports: RestartPorts, e: RestartEffect, context: PerformContext): Promise<RestartResult> {
  const admitted = await ports.ledger.admit(e.operation, context.epoch, context.attempt);
  if (!admitted.ok) return retry(admitted);
  // Admitted before: by a process that died with a call in hand, or by one that is only paused.
  const earlier = admitted.value.kind !== 'go';
  if (earlier) await ports.clock.sleep(EARLIER_CALL_MS, context.signal);
  const found = await look(ports, e, context, earlier);
  if (found.kind !== 'may') return found;
  if (!found.begun && ports.clock.now() > e.goodUntil)
    return notDone('retry', 'CLOUD_CONFLICT', 'it took too long to begin; the VM may have come back by itself meanwhile');
  const work = new Work(ports, e, context);
  switch (e.how) {
    case 'reboot':
      return found.begun ? work.rebooted() : work.reboot();
    case 'resume':
      return work.resume(found);
    case 'move':
      return work.move(found);
  }
}

const movedBy = (vm: CloudVm): NotRestarted =>
  notDone('leave', 'CLOUD_CONFLICT', `it is on ${vm.host ?? 'no host'} by now: somebody moved it`);

class Work {
  readonly #p: RestartPorts;
  readonly #e: RestartEffect;
  readonly #c: PerformContext;
  constructor(ports: RestartPorts, e: RestartEffect, context: PerformContext) {
    this.#p = ports;
    this.#e = e;
    this.#c = context;
  }

  async reboot(): Promise<RestartResult> {
    const asked = await this.#act(() => this.#p.cloud.reboot(this.#e.vm));
    if (asked !== null) return asked;
    return this.rebooted();
  }

  /** Nova marks the VM with a task before it answers, until the end. */
  async rebooted(): Promise<RestartResult> {
    const end = await this.#until(REBOOT_LIMIT_MS, (v) => v.task === null && v.vmState !== 'stopped');
    if ('kind' in end) return end;
    if (end.vmState === 'active') return { kind: 'restarted', host: end.host as HostId, adopted: false };
    return notDone('retry', 'CLOUD_FAILED', `Nova has it as ${end.vmState} after a hard reboot: ${end.fault ?? 'no reason given'}`);
  }

  async resume(found: May): Promise<RestartResult> {
    const now = await this.#settled(found);
    if ('kind' in now) return now;
    if (now.vmState !== 'paused') {
      if (found.begun && found.last === 'unpause') return { kind: 'restarted', host: this.#e.host, adopted: false };
      const asked = await this.#act(() => this.#p.cloud.pause(this.#e.vm));
      if (asked !== null) return asked;
      const paused = await this.#until(PAUSE_LIMIT_MS, (v) => v.task === null && (v.vmState === 'paused' || v.host !== this.#e.host), true);
      if ('kind' in paused) return paused;
      if (paused.host !== this.#e.host) return this.#unpauseElsewhere(paused);
    }
    return this.#unpause();
  }

  /** Somebody moved it. A pause of ours that stood in Nova's queue is obeyed where it is by now, and is ours to end. */
  async #unpauseElsewhere(vm: CloudVm): Promise<RestartResult> {
    if (vm.vmState !== 'paused') return movedBy(vm);
    const acts = await this.#acts();
    if ('kind' in acts) return acts;
    return isOurResume(acts[0]) ? this.#unpause() : movedBy(vm);
  }

  async #unpause(): Promise<RestartResult> {
    const asked = await this.#act(() => this.#p.cloud.unpause(this.#e.vm));
    if (asked !== null) return asked;
    const end = await this.#until(PAUSE_LIMIT_MS, (v) => v.task === null && v.vmState === 'active', true);
    return 'kind' in end ? end : { kind: 'restarted', host: end.host ?? this.#e.host, adopted: false };
  }

  /** To the best host that takes it. What was stopped when it moved is stopped there, and started then. */
  async move(found: May): Promise<RestartResult> {
    const settled = await this.#settled(found);
    if ('kind' in settled) return settled;
    let now = settled;
    // Nova moves no paused VM. Whether it runs now is for its host's agent to say: it may not need to be moved any more.
    if (found.pausedByUs && now.vmState === 'paused') return this.#unpause();
    if (now.host !== this.#e.host && now.vmState === 'active') return { kind: 'restarted', host: now.host as HostId, adopted: false };
    let last = notDone('retry', 'CLOUD_REFUSED', 'no host was named to move it to');
    for (const to of now.vmState === 'resized' ? [] : this.#e.to) {
      const asked = await this.#act(() => this.#p.cloud.move(this.#e.vm, to));
      if (asked !== null && asked.code !== 'CLOUD_REFUSED' && asked.code !== 'CLOUD_NOT_FOUND') return asked;
      if (asked !== null) {
        last = asked;
        continue;
      }
      const end = await this.#until(MOVE_LIMIT_MS, (v) => v.task === null, true);
      if ('kind' in end) return end;
      now = end;
      if (end.vmState === 'resized') break;
      last = notDone(
        'retry',
        'CLOUD_REFUSED',
        `Nova did not move it to ${to}: ${end.fault ?? `it has it as ${end.vmState} on ${end.host}`}`,
      );
    }
    return now.vmState === 'resized' ? this.#confirm(now.host as HostId) : last;
  }

  /** What an earlier life of ours has begun is waited for. */
  async #settled(found: May): Promise<CloudVm | NotRestarted> {
    return found.vm.task === null ? found.vm : this.#until(MOVE_LIMIT_MS, (v) => v.task === null, true);
  }

  async #confirm(to: HostId): Promise<RestartResult> {
    const asked = await this.#act(() => this.#p.cloud.confirmMove(this.#e.vm));
    if (asked !== null) return asked;
    const end = await this.#until(REBOOT_LIMIT_MS, (v) => v.task === null && v.vmState !== 'resized', true);
    if ('kind' in end) return end;
    if (end.vmState === 'active') return { kind: 'restarted', host: to, adopted: false };
    const acts = await this.#acts();
    const unwanted = 'kind' in acts ? acts : stoppedMeanwhile(acts, this.#e);
    if (unwanted !== null) return unwanted;
    const started = await this.#act(() => this.#p.cloud.reboot(this.#e.vm));
    if (started !== null) return started;
    const runs = await this.#until(REBOOT_LIMIT_MS, (v) => v.task === null && v.vmState === 'active', true);
    return 'kind' in runs ? runs : { kind: 'restarted', host: to, adopted: false };
  }

  /** null: taken, or perhaps taken: what the VM looks like afterwards tells. */
  async #act(call: () => Promise<Outcome<undefined>>): Promise<NotRestarted | null> {
    if (!this.#c.valid()) return notDone('retry', 'LEASE_LOST', failures.LEASE_LOST.about);
    const answer = await call();
    if (answer.ok) return null;
    const unsure = answer.code === 'CLOUD_TIMEOUT' || answer.code === 'CLOUD_FAILED' || answer.code === 'CLOUD_BAD_ANSWER';
    return unsure ? this.#perhaps(answer) : retry(answer);
  }

  /** Taken shows in Nova's own list of what it was asked for. */
  async #perhaps(answer: Failure): Promise<NotRestarted | null> {
    await this.#p.clock.sleep(EARLIER_CALL_MS, this.#c.signal);
    const again = await look(this.#p, this.#e, this.#c, true);
    return again.kind === 'may' && again.begun ? null : retry(answer);
  }

  /** In the middle of an act one answer that does not come must not leave the VM there. */
  async #acts(): Promise<readonly VmAct[] | NotRestarted> {
    const { clock, cloud } = this.#p;
    const end = clock.monotonic() + REBOOT_LIMIT_MS;
    for (;;) {
      const acts = await cloud.acts(this.#e.vm);
      if (acts.ok) return acts.value;
      if (acts.code === 'CLOUD_NOT_FOUND') return notDone('gone', acts.code, acts.detail);
      if (this.#c.signal.aborted || clock.monotonic() >= end) return retry(acts);
      await clock.sleep(LOOK_AGAIN_MS, this.#c.signal);
    }
  }

  async #until(limitMs: number, isSo: (v: CloudVm) => boolean, mayLeave = false): Promise<CloudVm | NotRestarted> {
    const { clock, cloud } = this.#p;
    const end = clock.monotonic() + limitMs;
    let seen = 'nothing';
    while (!this.#c.signal.aborted && clock.monotonic() < end) {
      const vm = await cloud.vm(this.#e.vm);
      if (!vm.ok && vm.code === 'CLOUD_NOT_FOUND') return notDone('gone', vm.code, vm.detail);
      if (vm.ok) {
        if (!mayLeave && vm.value.host !== this.#e.host) return movedBy(vm.value);
        if (isSo(vm.value)) return vm.value;
        seen = `${vm.value.vmState}, task ${vm.value.task ?? 'none'}`;
      }
      await clock.sleep(LOOK_AGAIN_MS, this.#c.signal);
    }
    return notDone('retry', 'CLOUD_TIMEOUT', `Nova was not done with it after ${Math.round(limitMs / 1000)} s (${seen})`);
  }
}
