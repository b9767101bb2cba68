import { TOLD_AGAIN_MS, upAmong, type VmReport } from '@lifeboat/contracts';
import { andThen, decided, type HostId, type Instant, stay } from '@lifeboat/kernel';
import { tell } from '@lifeboat/runtime';
import { ailingAfter } from './ailing.ts';
import type { SchedulerSettings } from './settings.ts';
import { epochOf, openIncidentOf, type SchedulerState } from './state.ts';
import type { Step } from './step.ts';

export function agentSeen(s: SchedulerState, host: HostId, session: string, vms: readonly VmReport[], at: Instant): Step {
  const kept = s.out.get(host);
  const out = kept === undefined || kept.wellSince !== null ? s.out : s.out.set(host, { ...kept, wellSince: at });
  return stay({
    ...s,
    out,
    wanted: stillWanted(s, host),
    agents: s.agents.set(host, { is: 'ok', session, at, ailing: ailingAfter({}, vms) }),
  });
}

/** Its host is back in the middle of its incident, and has Nova write what does not run there down as stopped: nobody stopped it. */
function stillWanted(s: SchedulerState, host: HostId): SchedulerState['wanted'] {
  const was = s.agents.get(host);
  const incident = was?.is === 'lost' ? openIncidentOf(s, host)?.incident : undefined;
  let { wanted } = s;
  if (incident !== undefined) for (const vm of was?.running ?? []) wanted = wanted.set(vm, incident);
  return wanted;
}

/** A session that has already been replaced by a newer one is not lost again. */
export function agentLost(s: SchedulerState, host: HostId, session: string, vms: readonly VmReport[], at: Instant): Step {
  const known = s.agents.get(host);
  if (known !== undefined && known.is === 'ok' && known.session !== session) return stay(s);
  const kept = s.out.get(host);
  const out = kept === undefined ? s.out : s.out.set(host, { ...kept, wellSince: null, releaseAskedAt: null });
  return stay({ ...s, out, agents: s.agents.set(host, { ...known, is: 'lost', session, at, running: upAmong(vms) }) });
}

export const released = (s: SchedulerState, host: HostId): Step =>
  stay({ ...s, out: s.out.delete(host), drained: s.drained.delete(host), quarantined: s.quarantined.delete(host) });

/** A returned host is released once it has been well for the set time (longer, if it keeps failing), where the cluster wants that done by itself. */
export function releaseWhatIsWell(s: SchedulerState, settings: SchedulerSettings, at: Instant): Step {
  let step: Step = stay(s);
  for (const [host, kept] of s.out.entries()) {
    const policy = settings.policyOf(kept.cluster);
    const askedLately = kept.releaseAskedAt !== null && at - kept.releaseAskedAt < TOLD_AGAIN_MS;
    // it failed while it was being emptied for planned work: a person releases it
    if (s.drained.has(host) || kept.contradicted === true) continue;
    if (askedLately || kept.wellSince === null || policy.release !== 'automatic') continue;
    if (at - kept.wellSince < Math.max(policy.releaseAfterHealthyMs, s.quarantined.get(host) ?? 0)) continue;
    step = andThen(step, (next) =>
      decided(
        { ...next, out: next.out.set(host, { ...kept, releaseAskedAt: at }) },
        tell({ type: 'lifeboat.release.requested', data: { incident: kept.incident, host: host as HostId, epoch: epochOf(next), at } }),
      ),
    );
  }
  return step;
}
