import { andThen, decided, type HostId, type Instant, stay } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import type { SchedulerSettings } from './settings.ts';
import { epochOf, type SchedulerState } from './state.ts';
import type { Step } from './step.ts';

export function agentSeen(s: SchedulerState, host: HostId, session: string, at: Instant): Step {
  const kept = s.out.get(host);
  const out = kept === undefined || kept.wellSince !== null ? s.out : s.out.set(host, { ...kept, wellSince: at });
  return stay({ ...s, out, agents: s.agents.set(host, { is: 'ok', session, at }) });
}

/** A session that has already been replaced by a newer one is not lost again. */
export function agentLost(s: SchedulerState, host: HostId, session: string, at: Instant): Step {
  const known = s.agents.get(host);
  if (known !== undefined && known.is === 'ok' && known.session !== session) return stay(s);
  const kept = s.out.get(host);
  const out = kept === undefined ? s.out : s.out.set(host, { ...kept, wellSince: null, releaseAsked: false });
  return stay({ ...s, out, agents: s.agents.set(host, { is: 'lost', session, at }) });
}

export const released = (s: SchedulerState, host: HostId): Step => stay({ ...s, out: s.out.delete(host) });

/** A returned host is released once it has been well for the set time, where the cluster wants that done by itself. */
export function releaseWhatIsWell(s: SchedulerState, settings: SchedulerSettings, at: Instant): Step {
  let step: Step = stay(s);
  for (const [host, kept] of s.out.entries()) {
    const policy = settings.policyOf(kept.cluster);
    if (kept.releaseAsked || kept.wellSince === null || policy.release !== 'automatic') continue;
    if (at - kept.wellSince < policy.releaseAfterHealthyMs) continue;
    step = andThen(step, (next) =>
      decided(
        { ...next, out: next.out.set(host, { ...kept, releaseAsked: true }) },
        tell({ type: 'lifeboat.release.requested', data: { incident: kept.incident, host: host as HostId, epoch: epochOf(next), at } }),
      ),
    );
  }
  return step;
}
