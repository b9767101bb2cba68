import type { MigrationWay, Placement, Resources } from '@lifeboat/contracts';
import type { ClusterId, HostId, IncidentId, Instant, VmId } from '@lifeboat/kernel';
import type { SchedulerState } from '../state.ts';

/**
 * A host that is well and that a person wants emptied.
 *
 *   drain.chosen --> setting-aside --Nova puts no new VMs on it--> moving --none is left to move, looked at once more--> (closed)
 *                                                                   |  `--a person ends it--> stopping --all have arrived--> (closed)
 *   (any) --the host fails: its incident has what is left on it--> (closed)
 */
export type Drain = Readonly<{
  incident: IncidentId;
  host: HostId;
  cluster: ClusterId;
  by: string;
  openedAt: Instant;
  /** null: all that are on it. */
  only: readonly VmId[] | null;
  cold: boolean;
  disable: boolean;
  stage: 'setting-aside' | 'moving' | 'stopping';
  /** When the migrator was last told of it. */
  askedAt: Instant;
  /** It is disabled in Nova by us. */
  disabled: boolean;
  /** Why it was ended early; '': it was not. */
  ended: string;
  surveys: number;
  survey: 'none' | 'asked' | 'answered';
  surveyNotBefore: Instant;
  changedSinceSurvey: boolean;
  fruitless: number;
  unanswered: number;
  waitingFor: string;
  vms: Readonly<Record<VmId, Leaving>>;
}>;

/** A VM of it, from plan to end. */
export type Leaving = Readonly<{
  vm: VmId;
  name: string;
  size: Resources;
  /** Nova's, when it was planned. */
  status: string;
  placement: Placement | null;
  orders: number;
  stage:
    | Readonly<{ kind: 'unplaced'; because: string }>
    | Readonly<{ kind: 'ordered'; at: Instant }>
    | Readonly<{ kind: 'moving'; at: Instant; to: HostId; how: MigrationWay }>
    | Readonly<{ kind: 'moved'; to: HostId; how: MigrationWay | null; tookMs: number; reason: string }>
    | Readonly<{ kind: 'left'; reason: string }>
    | Readonly<{ kind: 'gone' }>;
}>;

/** A VM that Nova is migrating, also after its drain; `seenOn`: where an agent has said that it runs, not being where it was. */
export type Migrating = Readonly<{ vm: VmId; incident: IncidentId; from: HostId; to: HostId; seenOn: HostId | null; at: Instant }>;
/** A host that was drained and is kept out until a person releases it. */
export type Drained = Readonly<{ incident: IncidentId; at: Instant }>;

export const putDrain = (s: SchedulerState, d: Drain): SchedulerState => ({ ...s, drains: s.drains.set(d.host, d) });
export const putLeaving = (s: SchedulerState, host: HostId, vm: Leaving): SchedulerState => {
  const d = s.drains.get(host);
  return d === undefined ? s : putDrain(s, { ...d, changedSinceSurvey: true, vms: { ...d.vms, [vm.vm]: vm } });
};
export const leavingOf = (d: Drain): Leaving[] => Object.values(d.vms).sort((a, b) => (a.vm < b.vm ? -1 : 1));
export const isOver = ({ stage }: Leaving): boolean => stage.kind === 'moved' || stage.kind === 'left' || stage.kind === 'gone';
export const drainOf = (s: SchedulerState, incident: IncidentId): Drain | undefined =>
  s.drains.values().find((d) => d.incident === incident);
