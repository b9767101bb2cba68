import { after, type Decision, type HostId, type Instant } from '@lifeboat/kernel';
import { order, tell } from '@lifeboat/runtime/shell/service';
import type { MonitorSettings } from '../settings.ts';
import type { HostDocument } from '../state.ts';
import { type MonitorOutput, type MonitorResult, restartAgent } from './effects.ts';

type Step = Decision<HostDocument, MonitorOutput>;
const SSH_FRESH_MS = 10_000;

export const isUnderway = (d: HostDocument): boolean => d.restart.is === 'ordered' || d.restart.is === 'awaited';

const restarted = (host: HostId, attempt: number, succeeded: boolean, detail: string, at: Instant): MonitorOutput =>
  tell({ type: 'lifeboat.agent.restarted', data: { host, succeeded, attempt, detail: detail.slice(0, 500), at } });

/**
 * A silent agent on a host that lets us log in is restarted, a bounded number of times. One stopped on purpose is left
 * alone. Each try is told once, when it is known whether the agent came back.
 */
export function considerRestart(d: HostDocument, host: HostId, settings: MonitorSettings, mayBegin: boolean, at: Instant): Step {
  const { restart } = d;
  const rules = settings.restart;
  if (restart.is === 'awaited' && at >= restart.until) {
    const detail = `restarted, but it did not register within ${rules.returnsWithinMs} ms`;
    return {
      state: { ...d, restart: { is: 'failed', attempt: restart.attempt, at } },
      outputs: [restarted(host, restart.attempt, false, detail, at)],
    };
  }
  const attempt = restart.is === 'none' ? 1 : restart.is === 'failed' ? restart.attempt + 1 : null;
  if (attempt === null || attempt > rules.tries || !mayBegin || d.agent.is !== 'lost' || at - d.agent.at < rules.afterMs)
    return { state: d, outputs: [] };
  // sshd answers before the agent has started: a restart then would only make it begin anew
  if (d.backAt !== undefined && at - d.backAt < rules.bootsWithinMs) return { state: d, outputs: [] };
  const { ssh, management } = d.signals;
  if (management?.is !== 'alive' || ssh?.is !== 'works' || at - ssh.at > SSH_FRESH_MS || ssh.at < d.agent.at)
    return { state: d, outputs: [] };
  if (restart.is === 'failed' && at - restart.at < (rules.pausesMs[restart.attempt - 1] ?? rules.pausesMs.at(-1) ?? 0))
    return { state: d, outputs: [] };
  return { state: { ...d, restart: { is: 'ordered', attempt } }, outputs: [order(restartAgent(host, d.agent.session, attempt))] };
}

/** The command ended. */
export function restartSettled(
  d: HostDocument,
  host: HostId,
  attempt: number,
  result: Extract<MonitorResult, { kind: 'restarted' | 'not-done' }>,
  settings: MonitorSettings,
  at: Instant,
): Step {
  if (d.restart.is !== 'ordered' || d.restart.attempt !== attempt) return { state: d, outputs: [] };
  if (result.kind === 'not-done') {
    return { state: { ...d, restart: attempt === 1 ? { is: 'none' } : { is: 'failed', attempt: attempt - 1, at } }, outputs: [] };
  }
  if (result.succeeded)
    return { state: { ...d, restart: { is: 'awaited', attempt, until: after(at, settings.restart.returnsWithinMs) } }, outputs: [] };
  return { state: { ...d, restart: { is: 'failed', attempt, at } }, outputs: [restarted(host, attempt, false, result.detail, at)] };
}

/** The agent has registered: by our doing, where a restart was under way. */
export function agentCameBack(d: HostDocument, host: HostId, at: Instant): Step {
  const outputs =
    d.restart.is === 'ordered' || d.restart.is === 'awaited' ? [restarted(host, d.restart.attempt, true, 'registered again', at)] : [];
  return { state: { ...d, restart: { is: 'none' } }, outputs };
}
