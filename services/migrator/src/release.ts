import { type DataByType, ORDER_VALID_MS } from '@lifeboat/contracts';
import { after, andThen, decided, type Instant, stay } from '@lifeboat/kernel';
import { order, tell } from '@lifeboat/runtime';
import type { ReleaseEffect, ReleaseResult } from './effects.ts';
import type { MigratorSettings } from './settings.ts';
import type { MigratorState } from './state.ts';
import type { Step } from './step.ts';

export function releaseRequested(s: MigratorState, d: DataByType['lifeboat.release.requested'], at: Instant): Step {
  if (at - d.at > ORDER_VALID_MS || s.releases.get(d.host)?.incident === d.incident) return stay(s);
  if (s.isolations.values().some((i) => i.host === d.host)) return stay(s); // failed again meanwhile
  return stay({ ...s, releases: s.releases.set(d.host, { incident: d.incident, host: d.host, attempt: 0, nextAt: at, asked: false }) });
}

export function releaseWhatIsDue(s: MigratorState, at: Instant): Step {
  let step: Step = stay(s);
  for (const r of s.releases.values()) {
    if (r.asked || at < r.nextAt) continue;
    const attempt = r.attempt + 1;
    const effect: ReleaseEffect = {
      kind: 'release',
      operation: `${r.incident}/release/${r.host}/${attempt}`,
      incident: r.incident,
      host: r.host,
    };
    step = andThen(step, (next) =>
      decided({ ...next, releases: next.releases.set(r.host, { ...r, attempt, asked: true }) }, order(effect)),
    );
  }
  return step;
}

export function wasReleased(s: MigratorState, settings: MigratorSettings, e: ReleaseEffect, result: ReleaseResult, at: Instant): Step {
  const r = s.releases.get(e.host);
  if (r === undefined || r.incident !== e.incident) return stay(s);
  if (result.kind === 'released')
    return decided(
      { ...s, releases: s.releases.delete(e.host), dead: s.dead.delete(e.host) },
      tell({ type: 'lifeboat.host.released', data: { incident: e.incident, host: e.host, at } }),
    );
  // Refused until the returned compute service has cleaned up after its evacuated VMs: asked again until it has.
  const { incident, host, refusedSince: since = at } = r;
  const again = { ...r, asked: false, nextAt: after(at, settings.releaseAgainMs), refusedSince: since };
  if (r.told === true || at - since < settings.releaseToldAfterMs) return stay({ ...s, releases: s.releases.set(e.host, again) });
  return decided(
    { ...s, releases: s.releases.set(e.host, { ...again, told: true }) },
    tell({
      type: 'lifeboat.release.delayed',
      data: { incident, host, since, code: result.code, reason: result.detail.slice(0, 500), at },
    }),
  );
}
