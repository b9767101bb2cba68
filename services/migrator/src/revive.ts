import type { ProofOfDeath } from '@lifeboat/contracts';
import { after, decided, type HostId, type Instant, stay } from '@lifeboat/kernel';
import type { CloudVm, EvacuationRecord } from '@lifeboat/ports';
import { order } from '@lifeboat/runtime';
import type { ResetEffect, ReviveResult, StartEffect, StopEffect } from './effects.ts';
import { again } from './move.ts';
import type { MigratorSettings } from './settings.ts';
import { type MigratorState, type Move, moveKey, putMove } from './state.ts';
import type { Step } from './step.ts';

/**
 * A VM that ran when its host failed must run again. Nova may bring it up stopped: where the dead host came back for a
 * moment, its compute service has written the VM down as stopped.
 */
export const comesUpStopped = (settings: MigratorSettings, m: Move, vm: CloudVm): boolean =>
  vm.status === 'SHUTOFF' && !m.stopped && m.leftStopped === undefined && m.starts < settings.startsMost;

export function startIt(s: MigratorState, m: Move, at: Instant): Step {
  const starts = m.starts + 1;
  return decided(putMove(s, { ...m, starts, acting: 'starting' }), order<StartEffect>(powerAct(m, 'start', starts, at)));
}

const powerAct = <K extends 'start' | 'stop'>(m: Move, kind: K, number: number, at: Instant) => ({
  kind,
  operation: `${m.incident}/${kind}/${m.vm}/${m.order}.${number}`,
  notBefore: at,
  incident: m.incident,
  host: m.from,
  vm: m.vm,
});

/** Whatever Nova answered: the next watch shows whether it runs now. */
export function wasStarted(s: MigratorState, e: StartEffect, r: ReviveResult): Step {
  const m = s.moves.get(moveKey(e.incident, e.vm));
  if (m?.acting !== 'starting') return stay(s);
  const free: Move = { ...m, acting: 'nothing' };
  return stay(putMove(s, r.kind === 'left-stopped' ? { ...free, leftStopped: r.detail } : free));
}

const STOPS_MOST = 3;

/**
 * Nova brings up what it had as active, though its owner had asked for its stop when its host was dead already; and after an
 * evacuation that failed, what had been stopped: it has it in error then, and has forgotten.
 */
export const comesUpUnwanted = (m: Move, vm: CloudVm): boolean =>
  (m.stopAsked === true || m.stopped) && vm.status === 'ACTIVE' && (m.stops ?? 0) < STOPS_MOST;

export function stopIt(s: MigratorState, m: Move, at: Instant): Step {
  const stops = (m.stops ?? 0) + 1;
  const effect: StopEffect = { ...powerAct(m, 'stop', stops, at), because: m.stopped ? 'was-stopped' : 'asked' };
  return decided(putMove(s, { ...m, stops, acting: 'stopping' }), order(effect));
}

export function wasStopped(s: MigratorState, e: StopEffect, r: ReviveResult): Step {
  const m = s.moves.get(moveKey(e.incident, e.vm));
  if (m?.acting !== 'stopping') return stay(s);
  const { stopAsked: _, ...wanted } = m;
  // it runs because that is wanted by now
  if (r.kind === 'revived') return stay(putMove(s, { ...wanted, stopped: false, acting: 'nothing' }));
  const free: Move = { ...m, acting: 'nothing' };
  return stay(putMove(s, r.kind === 'left-stopped' && !m.stopped ? { ...free, leftStopped: r.detail } : free));
}

/** Tried so often, with growing pauses; then the evacuation is left to end by itself, or to a person. */
const RESETS_MOST = 12;
const RESET_AGAIN_MS = 1_000;

/** Proven dead after the call was made: what was begun there for it has ended with it. */
export const diedUnder = (s: MigratorState, m: Move, target: HostId): ProofOfDeath | null => {
  const proof = s.dead.get(target);
  return proof !== undefined && proof.at >= m.notBefore && m.resets < RESETS_MOST ? proof : null;
};

/** The target died in the middle: Nova would call this evacuation running for ever. Only a target proven dead allows this. */
export function resetIt(s: MigratorState, m: Move, record: EvacuationRecord, proof: ProofOfDeath, at: Instant): Step {
  const resets = m.resets + 1;
  const effect: ResetEffect = {
    kind: 'reset',
    operation: `${m.incident}/reset/${m.vm}/${record.id}.${resets}`,
    notBefore: after(at, (resets - 1) * RESET_AGAIN_MS),
    incident: m.incident,
    host: m.from,
    vm: m.vm,
    record: record.id,
    target: proof.host,
    proof,
  };
  return decided(putMove(s, { ...m, acting: 'resetting', resets }), order(effect));
}

export function wasReset(s: MigratorState, settings: MigratorSettings, e: ResetEffect, r: ReviveResult, at: Instant): Step {
  const m = s.moves.get(moveKey(e.incident, e.vm));
  if (m?.acting !== 'resetting') return stay(s);
  const free: Move = { ...m, acting: 'nothing' };
  if (r.kind !== 'revived') return stay(putMove(s, free));
  const ended = { ...free, endedRecords: [...m.endedRecords, e.record] };
  return again(putMove(s, ended), settings, ended, 'CLOUD_FAILED', `its target ${e.target} failed in the middle`, 1, at);
}
