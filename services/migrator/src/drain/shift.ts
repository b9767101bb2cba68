import { type DataByType, ORDER_VALID_MS } from '@lifeboat/contracts';
import { after, andThen, decided, type HostId, type Instant, instant, stay } from '@lifeboat/kernel';
import { order, tell } from '@lifeboat/runtime';
import type { MigrateEffect, MigrateResult } from '../effects.ts';
import type { MigratorSettings } from '../settings.ts';
import { isFailed, type MigratorState, putShift, type Shift } from '../state.ts';
import type { Step } from '../step.ts';

type Then = DataByType['lifeboat.migration.failed']['then'];
export const targetOf = (m: Shift): HostId => [m.placement.to, ...m.placement.alternates][m.candidate] ?? m.placement.to;

/** Takes an order to migrate. Refused where the host has failed: its VMs are that incident's. */
export function migrationRequested(s: MigratorState, d: DataByType['lifeboat.migration.requested'], at: Instant): Step {
  const aside = s.asides.get(d.host);
  if (at - d.at > ORDER_VALID_MS || aside?.incident !== d.incident || d.epoch < aside.epoch) return stay(s);
  let step: Step = stay({ ...s, asides: s.asides.set(d.host, { ...aside, epoch: d.epoch }) });
  for (const p of d.placements) {
    const m = newShift(d, p);
    const known = s.shifts.get(p.vm);
    if (known?.incident === d.incident) continue;
    const why = known === undefined ? null : 'an earlier migration of it has not been decided yet';
    step = andThen(step, (next) => (why === null ? stay(putShift(next, m)) : giveBack(next, m, 'CLOUD_CONFLICT', why, 'retry', at)));
  }
  return step;
}

const newShift = (d: DataByType['lifeboat.migration.requested'], p: Shift['placement']): Shift => ({
  vm: p.vm,
  incident: d.incident,
  from: d.host,
  placement: p,
  order: d.attempt,
  cold: d.cold,
  how: d.stopped.includes(p.vm) ? 'cold' : 'live',
  candidate: 0,
  liveFailed: 0,
  calls: 0,
  stage: 'queued',
  notBefore: instant(0),
  calledAt: instant(0),
  since: null,
  known: [],
  aborted: false,
  recalled: null,
});

/** What waits is given back; what Nova has is followed to its end, and not tried again. */
export function drainRecalled(s: MigratorState, d: DataByType['lifeboat.drain.recalled'], at: Instant): Step {
  let step: Step = stay(s);
  for (const m of s.shifts.values()) {
    if (m.incident !== d.incident) continue;
    step = andThen(step, (next) =>
      m.stage === 'queued'
        ? giveBack(next, m, 'CLOUD_CONFLICT', d.reason, 'ended', at)
        : stay(putShift(next, { ...m, recalled: d.reason })),
    );
  }
  return step;
}

/** Lets VMs leave as far as the throttles allow, by priority. Evacuations go first: nothing leaves a healthy host meanwhile. */
export function beginShifts(s: MigratorState, settings: MigratorSettings, at: Instant): Step {
  if (s.shifts.size === 0) return stay(s);
  let step: Step = stay(s);
  for (const m of s.shifts.values())
    if (m.stage === 'queued' && isFailed(s, m.from))
      step = andThen(step, (next) => giveBack(next, m, 'CLOUD_CONFLICT', `${m.from} has failed: its incident has it`, 'ended', at));
  const all = step.state.shifts.values();
  const queued = all.filter((m) => m.stage === 'queued' && at >= m.notBefore);
  if (queued.length === 0 || s.moves.size > 0) return step;
  const moving = all.filter((m) => m.stage !== 'queued');
  const busy = new Map<HostId, number>();
  const count = (host: HostId) => busy.set(host, (busy.get(host) ?? 0) + 1);
  for (const m of moving) [m.from, targetOf(m)].forEach(count);
  let total = moving.length;
  queued.sort((a, b) => a.placement.priority - b.placement.priority || (a.vm < b.vm ? -1 : 1));
  for (const m of queued) {
    const to = targetOf(m);
    if (total >= settings.shiftsMost) break;
    if ((busy.get(m.from) ?? 0) >= settings.shiftsPerSourceMost || (busy.get(to) ?? 0) >= settings.shiftsPerTargetMost) continue;
    if (s.restarts.has(m.vm)) continue;
    step = andThen(step, (next) =>
      isFailed(next, to) ? nextTry(next, settings, m, 'CLOUD_CONFLICT', `${to} has failed`, at) : call(next, m, to, at),
    );
    if (isFailed(s, to)) continue;
    [m.from, to].forEach(count);
    total += 1;
  }
  return step;
}

function call(s: MigratorState, m: Shift, to: HostId, at: Instant): Step {
  const calls = m.calls + 1;
  const effect: MigrateEffect = {
    kind: 'migrate',
    operation: `${m.incident}/migrate/${m.vm}/${m.order}.${calls}`,
    incident: m.incident,
    host: m.from,
    vm: m.vm,
    to,
    how: m.how,
    cold: m.cold,
    known: m.known,
  };
  return decided(putShift(s, { ...m, stage: 'calling', calls, calledAt: at, since: m.since ?? at, aborted: false }), order(effect));
}

export function shiftCalled(s: MigratorState, settings: MigratorSettings, e: MigrateEffect, r: MigrateResult, at: Instant): Step {
  const m = s.shifts.get(e.vm);
  if (m?.incident !== e.incident || m.stage !== 'calling') return stay(s);
  switch (r.kind) {
    case 'shifting': {
      const data = { incident: m.incident, vm: m.vm, from: m.from, to: e.to, how: r.how, attempt: m.calls, adopted: r.adopted, at };
      const running: Shift = { ...m, stage: 'running', how: r.how, known: r.known, calledAt: at };
      return decided(putShift(s, running), tell({ type: 'lifeboat.migration.started', data }));
    }
    case 'shift-unsure':
      return stay(putShift(s, { ...m, stage: 'running', how: r.how, known: r.known, calledAt: at }));
    case 'shifted':
      return r.host === null
        ? again(s, settings, m, 'CLOUD_CONFLICT', 'Nova has it on no host', at)
        : arrived(s, m, { to: r.host, status: r.status, fault: r.fault ?? null }, null, at);
    case 'gone':
      return giveBack(s, m, 'CLOUD_NOT_FOUND', 'its owner deleted it', 'gone', at);
    case 'shift-refused':
      if (r.then === 'never') return giveBack(s, m, r.code, r.detail, 'never', at);
      return r.then === 'next' ? nextTry(s, settings, m, r.code, r.detail, at) : again(s, settings, m, r.code, r.detail, at);
  }
}

/** The same call later. */
export function again(s: MigratorState, settings: MigratorSettings, m: Shift, code: string, why: string, at: Instant): Step {
  if (m.recalled !== null) return giveBack(s, m, code, `${m.recalled}; ${why}`, 'ended', at);
  if (m.calls >= settings.callsPerOrderMost) return giveBack(s, m, code, why, 'retry', at);
  return stay(putShift(s, { ...m, stage: 'queued', notBefore: after(at, settings.callAgainMs) }));
}

/**
 * A try that failed: alive to the next host once; then cold, where that is allowed (a running VM is restarted by it, a stopped one
 * is not); else the VM stays, and a person is told.
 */
export function nextTry(s: MigratorState, settings: MigratorSettings, m: Shift, code: string, why: string, at: Instant): Step {
  if (m.recalled !== null || isFailed(s, m.from))
    return giveBack(s, m, code, `${m.recalled ?? `${m.from} has failed`}; ${why}`, 'ended', at);
  if (m.calls >= settings.callsPerOrderMost) return giveBack(s, m, code, why, 'retry', at);
  const notBefore = after(at, settings.callAgainMs);
  const hosts = 1 + m.placement.alternates.length;
  const candidate = (m.candidate + 1) % hosts;
  if (m.how === 'live') {
    const liveFailed = m.liveFailed + 1;
    if (liveFailed < settings.liveTriesMost) return stay(putShift(s, { ...m, stage: 'queued', liveFailed, candidate, notBefore }));
    if (!m.cold)
      return giveBack(
        s,
        m,
        code,
        `live migration failed ${liveFailed} times, and it is not to be moved cold (restarted): ${why}`,
        'never',
        at,
      );
    return stay(putShift(s, { ...m, stage: 'queued', how: 'cold', liveFailed, candidate: 0, notBefore }));
  }
  if (m.candidate + 1 < hosts) return stay(putShift(s, { ...m, stage: 'queued', candidate, notBefore }));
  return giveBack(s, m, code, `no host took it: ${why}`, 'never', at);
}

export type Arrival = Readonly<{ to: HostId; status: string; fault: string | null }>;

/** `fault`: Nova may call in error what has gone over well, where a step of its own failed afterwards. */
export function arrived(s: MigratorState, m: Shift, { to, status, fault }: Arrival, record: string | null, at: Instant): Step {
  const by = record === null ? {} : { how: m.how, migration: record };
  const why = status === 'ERROR' && fault !== null ? { fault: fault.slice(0, 500) } : {};
  const data = { incident: m.incident, vm: m.vm, from: m.from, to, status, ...why, ...by, tookMs: Math.max(0, at - (m.since ?? at)), at };
  return decided({ ...s, shifts: s.shifts.delete(m.vm) }, tell({ type: 'lifeboat.vm.migrated', data }));
}

export function giveBack(s: MigratorState, m: Shift, code: string, reason: string, then: Then, at: Instant): Step {
  const known = s.shifts.get(m.vm);
  const shifts = known?.incident === m.incident ? s.shifts.delete(m.vm) : s.shifts;
  const to = m.calls > 0 ? { to: targetOf(m) } : {};
  const data = {
    incident: m.incident,
    vm: m.vm,
    from: m.from,
    ...to,
    attempt: Math.max(1, m.calls),
    code,
    reason: reason.slice(0, 500),
    then,
    at,
  };
  return decided({ ...s, shifts }, tell({ type: 'lifeboat.migration.failed', data }));
}
