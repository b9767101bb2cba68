import type { DataByType, LifeboatEvent } from '@lifeboat/contracts';
import { andThen, decided, type Instant, stay } from '@lifeboat/kernel';
import { order } from '@lifeboat/runtime';
import { hostIsBack, proofContradicted } from './doubt.ts';
import { drainClosed, drainOpened, wasSetAside } from './drain/aside.ts';
import { beginShifts, drainRecalled, migrationRequested, shiftCalled } from './drain/shift.ts';
import { shiftsSeen, toldNova, wasFreed, watchShifts } from './drain/watch.ts';
import type {
  AbortEffect,
  ConfirmEffect,
  EvacuateEffect,
  EvacuateResult,
  FenceEffect,
  FenceResult,
  ForgetEffect,
  FreeEffect,
  MigrateEffect,
  MigrateResult,
  MigratorEffect,
  MigratorResult,
  ReleaseEffect,
  ReleaseResult,
  ResetEffect,
  RestartEffect,
  RestartResult,
  ReviveResult,
  SetAsideEffect,
  SetAsideResult,
  ShiftWatchEffect,
  ShiftWatchResult,
  ShutOutEffect,
  ShutOutResult,
  StartEffect,
  StopEffect,
  WatchEffect,
  WatchResult,
} from './effects.ts';
import { fenceChecked, fenced, fenceWhatIsDue, isolationRecalled, isolationRequested, wasShutOut } from './isolate.ts';
import { beginWhatMay, called, confirmationExpired, evacuationRequested, giveBackVoided } from './move.ts';
import { releaseRequested, releaseWhatIsDue, wasReleased } from './release.ts';
import { beginRestarts, restartRecalled, restartRequested, wasRestarted } from './restart.ts';
import { wasReset, wasStarted, wasStopped } from './revive.ts';
import type { MigratorSettings } from './settings.ts';
import { isolationKey, type MigratorState } from './state.ts';
import type { MigratorInput, Step } from './step.ts';
import { watched, watchWhatMoves } from './watch.ts';

/** Carries orders out: isolates, shuts out, evacuates, migrates, releases. What may begin is looked at after every input. */
export const migrate =
  (settings: MigratorSettings) =>
  (s: MigratorState, input: MigratorInput): Step =>
    [giveBackVoided, beginWhatMay, watchWhatMoves, beginRestarts, beginShifts, watchShifts].reduce(
      (step, also) => andThen(step, (next) => also(next, settings, input.at)),
      onInput(s, settings, input),
    );

function onInput(s: MigratorState, settings: MigratorSettings, input: MigratorInput): Step {
  switch (input.kind) {
    case 'event':
      return onEvent(s, settings, input.event, input.at);
    case 'settled':
      return onSettled(s, settings, input.effect, input.result, input.at);
    case 'tick':
      return andThen(fenceWhatIsDue(s, settings, input.at), (next) => releaseWhatIsDue(next, input.at));
    case 'started':
    case 'observed':
      return stay(s);
  }
}

function onEvent(s: MigratorState, settings: MigratorSettings, e: LifeboatEvent, at: Instant): Step {
  switch (e.type) {
    case 'lifeboat.fence.checked':
      return fenceChecked(s, e.data);
    case 'lifeboat.isolation.requested':
      return isolationRequested(s, settings, e.data, at);
    case 'lifeboat.isolation.recalled':
      return isolationRecalled(s, e.data, at);
    case 'lifeboat.fault.cleared':
      return hostIsBack(s, settings, e.data, at);
    case 'lifeboat.proof.contradicted':
      return proofContradicted(s, e.data, at);
    case 'lifeboat.evacuation.requested':
      return evacuationRequested(s, e.data, at);
    case 'lifeboat.confirmation.expired':
      return confirmationExpired(s, e.data);
    case 'lifeboat.release.requested':
      return andThen(releaseRequested(s, e.data, at), (next) => releaseWhatIsDue(next, at));
    case 'lifeboat.restart.requested':
      return restartRequested(s, e.data, at);
    case 'lifeboat.restart.recalled':
      return restartRecalled(s, e.data);
    case 'lifeboat.drain.opened':
      return drainOpened(s, e.data, at);
    case 'lifeboat.migration.requested':
      return migrationRequested(s, e.data, at);
    case 'lifeboat.drain.recalled':
      return drainRecalled(s, e.data, at);
    case 'lifeboat.drain.closed':
      return drainClosed(s, e.data, at);
    case 'lifeboat.incident.closed':
      return forget(s, e.data);
    default:
      return stay(s);
  }
}

function onSettled(s: MigratorState, settings: MigratorSettings, e: MigratorEffect, r: MigratorResult, at: Instant): Step {
  switch (e.kind) {
    case 'fence':
      return fenced(s, settings, e satisfies FenceEffect, r as FenceResult, at);
    case 'shut-out':
      return wasShutOut(s, e satisfies ShutOutEffect, r as ShutOutResult, at);
    case 'evacuate':
      return called(s, settings, e satisfies EvacuateEffect, r as EvacuateResult, at);
    case 'watch':
      return watched(s, settings, e satisfies WatchEffect, r as WatchResult, at);
    case 'start':
      return wasStarted(s, e satisfies StartEffect, r as ReviveResult);
    case 'stop':
      return wasStopped(s, e satisfies StopEffect, r as ReviveResult);
    case 'reset':
      return wasReset(s, settings, e satisfies ResetEffect, r as ReviveResult, at);
    case 'release':
      return wasReleased(s, settings, e satisfies ReleaseEffect, r as ReleaseResult, at);
    case 'restart':
      return wasRestarted(s, e satisfies RestartEffect, r as RestartResult, at);
    case 'set-aside':
      return wasSetAside(s, e satisfies SetAsideEffect, r as SetAsideResult, at);
    case 'migrate':
      return shiftCalled(s, settings, e satisfies MigrateEffect, r as MigrateResult, at);
    case 'watch-shifts':
      return shiftsSeen(s, settings, e satisfies ShiftWatchEffect, r as ShiftWatchResult, at);
    case 'free':
      return wasFreed(s, e satisfies FreeEffect, r as ReviveResult, at);
    case 'confirm':
    case 'abort':
      return toldNova(s, e satisfies ConfirmEffect | AbortEffect);
    case 'forget':
      return stay(s);
  }
}

function forget(s: MigratorState, d: DataByType['lifeboat.incident.closed']): Step {
  let { isolations, moves, voided, lost } = s;
  for (const l of s.lost.values()) if (d.hosts.includes(l.from)) lost = lost.delete(l.vm);
  for (const confirmation of s.voided.keys()) if (confirmation.startsWith(`${d.incident}/`)) voided = voided.delete(confirmation);
  for (const host of d.hosts) isolations = isolations.delete(isolationKey(d.incident, host));
  for (const m of moves.values()) if (m.incident === d.incident) moves = moves.delete(`${m.incident} ${m.vm}`);
  const host = d.hosts[0];
  if (host === undefined) return stay({ ...s, isolations, moves, voided, lost });
  const effect: ForgetEffect = { kind: 'forget', operation: `${d.incident}/forget`, incident: d.incident, host };
  return decided({ ...s, isolations, moves, voided, lost }, order(effect));
}
