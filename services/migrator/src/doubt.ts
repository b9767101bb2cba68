import type { DataByType } from '@lifeboat/contracts';
import { after, type Instant, stay } from '@lifeboat/kernel';
import type { MigratorSettings } from './settings.ts';
import { type Isolation, isolationOf, type MigratorState, putIsolation } from './state.ts';
import type { Step } from './step.ts';

/**
 * A host that was proven dead is well again, and has not started anew: either it registered a moment before it was powered off,
 * or it never was off. Nothing more is moved until its devices have been asked again.
 */
export function hostIsBack(s: MigratorState, settings: MigratorSettings, d: DataByType['lifeboat.fault.cleared'], at: Instant): Step {
  const i = d.incident === undefined || d.restarted ? undefined : isolationOf(s, d.incident, d.host);
  // what was seen of it before it was powered off contradicts nothing
  return stay(i === undefined || d.at <= (i.proof?.at ?? 0) ? s : doubt(s, i, after(at, settings.doubtMs)));
}

/** It never was off. The device that said so is believed no more; what may run twice by now is ended by another one, if there is one. */
export function proofContradicted(s: MigratorState, d: DataByType['lifeboat.proof.contradicted'], at: Instant): Step {
  const i = isolationOf(s, d.incident, d.host);
  if (i === undefined) return stay(s);
  const { kind, method } = d.proof;
  const lied = kind === 'fence' || kind === 'already-off';
  const disbelieved = [...new Set([...(i.disbelieved ?? []), ...(lied ? [method] : [])])];
  return stay(doubt(s, { ...i, disbelieved }, at));
}

function doubt(s: MigratorState, i: Isolation, nextAt: Instant): MigratorState {
  const doubted = i.stage === 'isolated' || i.stage === 'shut-out' ? i.stage : i.doubted;
  if (i.stage === 'fencing' || doubted === undefined) return putIsolation(s, i);
  return putIsolation({ ...s, dead: s.dead.delete(i.host) }, { ...i, stage: 'waiting', proof: null, doubted, nextAt });
}

/** Its VMs run on it, and nobody has been asked to move one: it is not powered off for a proof that was none. */
export const isLeftAlone = (s: MigratorState, i: Isolation): boolean =>
  i.doubted === 'shut-out' && i.began !== true && !s.moves.values().some((m) => m.incident === i.incident && m.from === i.host);
