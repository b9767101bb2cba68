import type { DataByType, LifeboatEvent } from '@lifeboat/contracts';
import { andThen, decided, type Instant, stay } from '@lifeboat/kernel';
import { order } from '@lifeboat/runtime';
import type {
  EvacuateEffect,
  EvacuateResult,
  FenceEffect,
  FenceResult,
  ForgetEffect,
  MigratorEffect,
  MigratorResult,
  ReleaseEffect,
  ReleaseResult,
  ResetEffect,
  ReviveResult,
  ShutOutEffect,
  ShutOutResult,
  StartEffect,
  WatchEffect,
  WatchResult,
} from './effects.ts';
import { fenced, fenceWhatIsDue, isolationRecalled, isolationRequested, wasShutOut } from './isolate.ts';
import { beginWhatMay, called, evacuationRequested } from './move.ts';
import { releaseRequested, releaseWhatIsDue, wasReleased } from './release.ts';
import { wasReset, wasStarted } from './revive.ts';
import type { MigratorSettings } from './settings.ts';
import { isolationKey, type MigratorState } from './state.ts';
import type { MigratorInput, Step } from './step.ts';
import { watched, watchWhatMoves } from './watch.ts';

/** Carries orders out: isolates, shuts out, evacuates, releases. What may begin is looked at after every input. */
export const migrate =
  (settings: MigratorSettings) =>
  (s: MigratorState, input: MigratorInput): Step =>
    andThen(onInput(s, settings, input), (next) =>
      andThen(beginWhatMay(next, settings, input.at), (begun) => watchWhatMoves(begun, settings, input.at)),
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
    case 'lifeboat.isolation.requested':
      return isolationRequested(s, settings, e.data, at);
    case 'lifeboat.isolation.recalled':
      return isolationRecalled(s, e.data, at);
    case 'lifeboat.evacuation.requested':
      return evacuationRequested(s, e.data, at);
    case 'lifeboat.release.requested':
      return andThen(releaseRequested(s, e.data, at), (next) => releaseWhatIsDue(next, at));
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
      return wasStarted(s, e satisfies StartEffect);
    case 'reset':
      return wasReset(s, settings, e satisfies ResetEffect, r as ReviveResult, at);
    case 'release':
      return wasReleased(s, settings, e satisfies ReleaseEffect, r as ReleaseResult, at);
    case 'forget':
      return stay(s);
  }
}

function forget(s: MigratorState, d: DataByType['lifeboat.incident.closed']): Step {
  let { isolations, moves } = s;
  for (const host of d.hosts) isolations = isolations.delete(isolationKey(d.incident, host));
  for (const m of moves.values()) if (m.incident === d.incident) moves = moves.delete(`${m.incident} ${m.vm}`);
  const host = d.hosts[0];
  if (host === undefined) return stay({ ...s, isolations, moves });
  const effect: ForgetEffect = { kind: 'forget', operation: `${d.incident}/forget`, incident: d.incident, host };
  return decided({ ...s, isolations, moves }, order(effect));
}
