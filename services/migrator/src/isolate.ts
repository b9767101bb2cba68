import { type DataByType, ORDER_VALID_MS, type ProofOfDeath } from '@lifeboat/contracts';
import { after, andThen, decided, type HostId, type IncidentId, type Instant, instant, stay } from '@lifeboat/kernel';
import { order, tell } from '@lifeboat/runtime';
import { isLeftAlone } from './doubt.ts';
import type { FenceEffect, FenceResult, ShutOutEffect, ShutOutResult } from './effects.ts';
import type { MigratorSettings } from './settings.ts';
import { type Isolation, isolationKey, isolationOf, type MigratorState, putIsolation, strangerKey } from './state.ts';
import type { Step } from './step.ts';

const SHUT_OUT_AGAIN_MS = { first: 500, most: 15_000 };

export function isolationRequested(
  s: MigratorState,
  settings: MigratorSettings,
  d: DataByType['lifeboat.isolation.requested'],
  at: Instant,
): Step {
  if (at - d.at > ORDER_VALID_MS) return stay(s); // meant still? then it is given again
  const before = isolationOf(s, d.incident, d.host);
  if (before !== undefined) {
    // Its fence devices do not answer, and now its whole rack is proven dead: that is what it waited for.
    const waits = before.proof === null && !before.recalled && (before.stage === 'fencing' || before.stage === 'waiting');
    return d.proof !== undefined && waits ? isolated(s, before, d.proof, at) : stay(s);
  }
  const i: Isolation = {
    incident: d.incident,
    host: d.host,
    stage: 'fencing',
    proof: null,
    attempt: 1,
    method: 0,
    failures: [],
    nextAt: instant(0),
    recalled: false,
    shutOuts: 0,
    epoch: d.epoch,
  };
  // A host that failed again is not to be released.
  const kept = { ...s, releases: s.releases.delete(d.host) };
  return d.proof === undefined ? tryMethod(kept, settings, i, at) : isolated(kept, i, d.proof, at);
}

/** Whose machine a fence device switches, as the node-monitor found out. */
export const fenceChecked = (s: MigratorState, d: DataByType['lifeboat.fence.checked']): Step => {
  const key = strangerKey(d.host, d.method);
  const strangers = d.is === 'of-another' ? s.strangers.set(key, { device: d.device, other: d.other ?? '' }) : s.strangers.delete(key);
  return stay({ ...s, strangers });
};

/** The next fence method in its order; when none is left, back off, say so and begin again: never silently, never skipped. */
function tryMethod(s: MigratorState, settings: MigratorSettings, i: Isolation, at: Instant): Step {
  if (i.recalled && i.proof === null && i.shutOuts === 0) return withdraw(s, i, at);
  const method = settings.methodsOf(i.host)[i.method];
  const stranger = method === undefined ? undefined : s.strangers.get(strangerKey(i.host, method));
  // An order to it would switch another host off, and its 'off' would prove nothing. In a newer topology it may be another device.
  if (method !== undefined && stranger !== undefined && stranger.device === settings.deviceOf(i.host, method)) {
    const detail = `it is the device of ${stranger.other} (${stranger.device}), and is never used for ${i.host}; mend the topology or the wiring`;
    const failures = [...i.failures, { method, code: 'FENCE_MISCONFIGURED', detail }];
    return tryMethod(s, settings, { ...i, failures, method: i.method + 1 }, at);
  }
  if (method !== undefined && i.disbelieved?.includes(method) === true) {
    const detail = `it has called ${i.host} off while that went on running: it is not believed, and not asked any more in this incident`;
    const failures = [...i.failures, { method, code: 'FENCE_DISBELIEVED', detail }];
    return tryMethod(s, settings, { ...i, failures, method: i.method + 1 }, at);
  }
  if (method !== undefined) return decided(putIsolation(s, { ...i, stage: 'fencing' }), fence(i, method));
  const waitMs = Math.min(settings.fenceAgainFirstMs * 2 ** (i.attempt - 1), settings.fenceAgainMostMs);
  const nextAt = after(at, waitMs);
  const methods = i.failures.map((f) => ({ ...f, detail: f.detail.slice(0, 500) }));
  return decided(
    putIsolation(s, { ...i, stage: 'waiting', nextAt }),
    tell({ type: 'lifeboat.isolation.failed', data: { incident: i.incident, host: i.host, attempt: i.attempt, methods, nextAt, at } }),
  );
}

const fence = (i: Isolation, method: string) =>
  order<FenceEffect>({
    kind: 'fence',
    operation: `${i.incident}/fence/${i.host}/${i.attempt}/${i.method}`,
    incident: i.incident,
    host: i.host,
    method,
  });

export function fenced(s: MigratorState, settings: MigratorSettings, e: FenceEffect, r: FenceResult, at: Instant): Step {
  const i = isolationOf(s, e.incident, e.host);
  if (i === undefined || i.stage !== 'fencing') return stay(s);
  if (r.kind === 'fence') {
    // It came back by itself, so it was never off, whatever this device says.
    if (i.recalled && r.proof.kind === 'already-off' && i.shutOuts === 0) return withdraw(s, i, at);
    if (i.disbelieved?.includes(e.method) !== true) return isolated(s, i, r.proof, at);
    return tryMethod(s, settings, i, at);
  }
  const failures = [...i.failures, { method: e.method, code: r.code, detail: r.detail }];
  return tryMethod(s, settings, { ...i, failures, method: i.method + 1 }, at);
}

/** The host came back by itself: what has not been done is not done. A fence call under way is waited for. */
export function isolationRecalled(s: MigratorState, d: DataByType['lifeboat.isolation.recalled'], at: Instant): Step {
  const i = isolationOf(s, d.incident, d.host);
  if (i === undefined || d.epoch < i.epoch) return stay(s);
  if (i.stage === 'waiting' && i.shutOuts === 0) return withdraw(s, i, at);
  return stay(putIsolation(s, { ...i, recalled: true }));
}

const withdraw = (s: MigratorState, i: Isolation, at: Instant): Step =>
  decided(
    { ...s, isolations: s.isolations.delete(isolationKey(i.incident, i.host)) },
    tell({ type: 'lifeboat.isolation.withdrawn', data: { incident: i.incident, host: i.host, at } }),
  );

const isolated = (s: MigratorState, { doubted: _over, ...i }: Isolation, proof: ProofOfDeath, at: Instant): Step =>
  andThen(
    decided(
      putIsolation({ ...s, dead: s.dead.set(i.host, proof) }, { ...i, stage: 'isolated', proof, failures: [] }),
      tell({ type: 'lifeboat.host.isolated', data: { incident: i.incident, host: i.host, proof, at } }),
    ),
    (next) => shutOut(next, i.incident, i.host, at),
  );

/** Force down, then disable: only for a host with its proof of death. */
export function shutOut(s: MigratorState, incident: IncidentId, host: HostId, at: Instant): Step {
  const i = isolationOf(s, incident, host);
  if (i === undefined || i.proof === null) return stay(s);
  const number = i.shutOuts + 1;
  const waitMs = number === 1 ? 0 : Math.min(SHUT_OUT_AGAIN_MS.first * 2 ** (number - 2), SHUT_OUT_AGAIN_MS.most);
  const effect: ShutOutEffect = {
    kind: 'shut-out',
    operation: `${incident}/shut-out/${host}/${number}`,
    notBefore: after(at, waitMs),
    incident,
    host,
  };
  return decided(putIsolation(s, { ...i, stage: 'isolated', shutOuts: number }), order(effect));
}

export function wasShutOut(s: MigratorState, e: ShutOutEffect, r: ShutOutResult, at: Instant): Step {
  const i = isolationOf(s, e.incident, e.host);
  if (i === undefined || i.stage !== 'isolated') return stay(s);
  if (r.kind === 'shut-out-failed') return shutOut(s, e.incident, e.host, at);
  return decided(
    putIsolation(s, { ...i, stage: 'shut-out' }),
    tell({ type: 'lifeboat.host.shut-out', data: { incident: i.incident, host: i.host, at } }),
  );
}

/** Somebody powered the host on while VMs are still to be moved from it: it is isolated anew, before anything else is moved. */
export function isolateAnew(s: MigratorState, settings: MigratorSettings, incident: IncidentId, host: HostId, at: Instant): Step {
  const i = isolationOf(s, incident, host);
  if (i === undefined || (i.stage !== 'isolated' && i.stage !== 'shut-out')) return stay(s);
  return tryMethod(s, settings, { ...i, proof: null, attempt: i.attempt + 1, method: 0, failures: [] }, at);
}

export function fenceWhatIsDue(s: MigratorState, settings: MigratorSettings, at: Instant): Step {
  let step: Step = stay(s);
  for (const i of s.isolations.values()) {
    if (i.stage !== 'waiting' || at < i.nextAt || isLeftAlone(s, i)) continue;
    step = andThen(step, (next) => tryMethod(next, settings, { ...i, attempt: i.attempt + 1, method: 0, failures: [] }, at));
  }
  return step;
}
