import type { DataByType, ProofOfDeath } from '@lifeboat/contracts';
import { after, andThen, decided, type HostId, type Instant, instant, stay } from '@lifeboat/kernel';
import { order, tell } from '@lifeboat/runtime';
import type { EvacuateEffect, EvacuateResult } from './effects.ts';
import { isolateAnew, shutOut } from './isolate.ts';
import type { MigratorSettings } from './settings.ts';
import { dropMove, isolationOf, isShifting, type MigratorState, type Move, moveKey, putIsolation, putMove } from './state.ts';
import type { Step } from './step.ts';

/**
 * Takes an order to evacuate. Refused without our own record of the host's isolation in this incident (an order is not a
 * proof), and when it comes from an older epoch than one this incident has had.
 */
export function evacuationRequested(s: MigratorState, d: DataByType['lifeboat.evacuation.requested'], at: Instant): Step {
  const i = isolationOf(s, d.incident, d.host);
  if (i !== undefined && d.epoch < i.epoch) return stay(s);
  if (i === undefined || (i.proof === null && i.doubted === undefined)) {
    const refusals = d.placements.map((p) =>
      failure(s, newMove(s, d, p, at), 'NO_PROOF', `no proof of death of ${d.host} is recorded in this incident`, 'retry', at),
    );
    return refusals.reduce<Step>((step, r) => ({ state: step.state, outputs: [...step.outputs, ...r.outputs] }), stay(s));
  }
  let next = putIsolation(s, { ...i, epoch: d.epoch });
  for (const p of d.placements) if (!next.moves.has(moveKey(d.incident, p.vm))) next = putMove(next, newMove(s, d, p, at));
  return stay(next);
}

const newMove = (s: MigratorState, d: DataByType['lifeboat.evacuation.requested'], p: Move['placement'], at: Instant): Move => ({
  vm: p.vm,
  incident: d.incident,
  from: d.host,
  placement: p,
  confirmation: d.confirmation ?? null,
  order: d.attempt,
  candidate: 0,
  calls: 0,
  stage: 'queued',
  notBefore: instant(0),
  since: at,
  // of a migration that died with its host before it had begun
  endedRecords: s.lost.has(p.vm) ? [lostRecord(s.lost.get(p.vm)?.record ?? '')] : [],
  unsure: false,
  stopped: d.stopped.includes(p.vm),
  starts: 0,
  acting: 'nothing',
  resets: 0,
  lastReason: '',
});

/** Records of migrations have numbers of their own. */
export const lostRecord = (id: string): string => `migration ${id}`;

const targetOf = (m: Move): HostId => [m.placement.to, ...m.placement.alternates][m.candidate] ?? m.placement.to;

export const confirmationExpired = (s: MigratorState, d: DataByType['lifeboat.confirmation.expired']): Step =>
  stay({ ...s, voided: s.voided.set(d.confirmation, d.reason) });

/** What waits under a confirmation that holds no longer is given back; what Nova has is followed to its end. */
export function giveBackVoided(s: MigratorState, _settings: MigratorSettings, at: Instant): Step {
  let step: Step = stay(s);
  if (s.voided.size === 0) return step;
  for (const m of s.moves.values()) {
    const why = m.stage === 'queued' && m.confirmation !== null ? s.voided.get(m.confirmation) : undefined;
    if (why === undefined) continue;
    step = andThen(step, (next) => failure(next, m, 'CONFIRMATION_VOID', `its confirmation holds no longer: ${why}`, 'retry', at));
  }
  return step;
}

/** Lets queued moves begin, as far as proof, confirmation and throttles allow; by restart priority. */
export function beginWhatMay(s: MigratorState, settings: MigratorSettings, at: Instant): Step {
  const all = s.moves.values();
  const queued = all.filter((m) => m.stage === 'queued' && at >= m.notBefore);
  if (queued.length === 0) return stay(s);
  const moving = all.filter((m) => m.stage !== 'queued');
  const busy = new Set(moving.map((m) => m.vm));
  const perTarget = new Map<HostId, number>();
  for (const m of moving) perTarget.set(targetOf(m), (perTarget.get(targetOf(m)) ?? 0) + 1);
  let calling = moving.filter((m) => m.stage === 'calling').length;
  let total = moving.length;
  queued.sort((a, b) => a.placement.priority - b.placement.priority || (a.vm < b.vm ? -1 : 1));
  let step: Step = stay(s);
  for (const m of queued) {
    if (calling >= settings.callsMost || total >= settings.movingMost) break;
    const proof = provenDead(s, m);
    const target = targetOf(m);
    // A VM that another incident still has under way waits for that to end: Nova breaks a VM that is evacuated twice. So does one
    // that was migrating when its host failed: until that is decided its guest may run at the other end.
    if (proof === null || busy.has(m.vm) || isShifting(s, m.vm) || (perTarget.get(target) ?? 0) >= settings.movingPerTargetMost) continue;
    step = andThen(step, (next) => call(next, m, proof, target, at));
    busy.add(m.vm);
    perTarget.set(target, (perTarget.get(target) ?? 0) + 1);
    calling += 1;
    total += 1;
  }
  return step;
}

const provenDead = (s: MigratorState, m: Move): ProofOfDeath | null => {
  const i = isolationOf(s, m.incident, m.from);
  return i?.stage === 'shut-out' ? i.proof : null;
};

function call(s: MigratorState, m: Move, proof: ProofOfDeath, to: HostId, at: Instant): Step {
  const calls = m.calls + 1;
  const effect: EvacuateEffect = {
    kind: 'evacuate',
    operation: `${m.incident}/evacuate/${m.vm}/${m.order}.${calls}`,
    incident: m.incident,
    host: m.from,
    vm: m.vm,
    to,
    proof,
    ended: m.endedRecords,
  };
  return decided(putMove(s, { ...m, stage: 'calling', calls, since: calls === 1 ? at : m.since }), order(effect));
}

export function called(s: MigratorState, settings: MigratorSettings, e: EvacuateEffect, r: EvacuateResult, at: Instant): Step {
  const m = s.moves.get(moveKey(e.incident, e.vm));
  if (m === undefined || m.stage !== 'calling') return stay(s);
  switch (r.kind) {
    case 'taken': {
      const data = { incident: m.incident, vm: m.vm, from: m.from, to: e.to, attempt: m.calls, adopted: r.adopted, at };
      return decided(
        putMove(began(s, m), { ...m, ...stopAsked(r), stage: 'running', notBefore: at, unsure: false }),
        tell({ type: 'lifeboat.evacuation.started', data }),
      );
    }
    case 'unsure':
    case 'elsewhere': // the watch says where, and whether it is settled there
      return stay(putMove(began(s, m), running(m, r, at)));
    case 'gone':
      return failure(s, m, 'CLOUD_NOT_FOUND', 'its owner deleted it', 'gone', at);
    case 'host-alive':
      return andThen(again(s, settings, m, r.code, r.detail, 0, at), (next) => isolateAnew(next, settings, m.incident, m.from, at));
    case 'not-shut-out':
      return andThen(again(s, settings, m, r.code, r.detail, 0, at), (next) => shutOut(next, m.incident, m.from, at));
    case 'refused':
      if (r.then === 'never') return failure(s, m, r.code, r.detail, 'never', at);
      return again(s, settings, m, r.code, r.detail, r.then === 'next' ? 1 : 0, at);
  }
}

const began = (s: MigratorState, m: Move): MigratorState => {
  const i = isolationOf(s, m.incident, m.from);
  return i === undefined || i.began === true ? s : putIsolation(s, { ...i, began: true });
};

/** Kept once seen: the evacuation itself wipes it out in Nova. */
const stopAsked = (r: EvacuateResult): Pick<Move, 'stopAsked'> =>
  (r.kind === 'taken' || r.kind === 'unsure') && r.stopAsked ? { stopAsked: true } : {};

const running = ({ answeredAt: _, ...m }: Move, r: EvacuateResult, at: Instant): Move => ({
  ...m,
  ...stopAsked(r),
  stage: 'running',
  notBefore: at,
  unsure: r.kind === 'unsure',
  lastReason: r.kind === 'unsure' ? `${r.code}: ${r.detail}` : m.lastReason,
});

/** Another call for the same order: the same candidate or the next; when there are no more, the scheduler plans anew. */
export function again(s: MigratorState, settings: MigratorSettings, m: Move, code: string, reason: string, skip: 0 | 1, at: Instant): Step {
  const candidate = m.candidate + skip;
  if (candidate > m.placement.alternates.length || m.calls >= settings.callsPerOrderMost) return failure(s, m, code, reason, 'retry', at);
  return stay(
    putMove(s, { ...m, stage: 'queued', candidate, notBefore: after(at, settings.callAgainMs), lastReason: `${code}: ${reason}` }),
  );
}

export const failure = (s: MigratorState, m: Move, code: string, reason: string, then: 'retry' | 'never' | 'gone', at: Instant): Step =>
  decided(
    dropMove(s, m),
    tell({
      type: 'lifeboat.evacuation.failed',
      data: {
        incident: m.incident,
        vm: m.vm,
        from: m.from,
        to: targetOf(m),
        attempt: Math.max(1, m.calls),
        code,
        reason: reason.slice(0, 500),
        then,
        at,
      },
    }),
  );
