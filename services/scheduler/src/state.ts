import type { AutomationLevel, Placement, ProofOfDeath, Resources, Verdict, vmOutcomes } from '@lifeboat/contracts';
import { type ClusterId, type HostId, type IncidentId, type Instant, Table, type VmId } from '@lifeboat/kernel';

/** Where a failed host of an incident stands between order and shut-out. */
export type HostStage = Readonly<{
  cluster: ClusterId;
  isolation: 'requested' | 'recalled' | 'isolated' | 'withdrawn';
  proof: ProofOfDeath | null;
  isolatedAt: Instant | null;
  shutOut: boolean;
}>;

/**
 * Consent to evacuate, as the automation level demands it.
 *
 *   not-needed (automatic)        unasked --plan ready, host isolated--> asked --yes--> given
 *   person (manual: waits)                        ^                        |--no-----> declined
 *                                                 `--plan changed, expired-'
 */
export type Consent =
  | Readonly<{ kind: 'not-needed' }>
  | Readonly<{ kind: 'person' }>
  | Readonly<{ kind: 'unasked'; asked: number }>
  | Readonly<{ kind: 'asked'; asked: number; confirmation: string; planHash: string; expiresAt: Instant }>
  | Readonly<{ kind: 'given'; confirmation: string; by: string }>
  | Readonly<{ kind: 'declined'; by: string }>;

export type Incident = Readonly<{
  incident: IncidentId;
  verdict: Verdict;
  rule: string;
  openedAt: Instant;
  automation: AutomationLevel;
  hosts: Readonly<Record<HostId, HostStage>>;
  consent: Consent;
  /** Surveys asked for; the answer to an older one than the last is dropped. */
  surveys: number;
  survey: 'none' | 'asked' | 'answered';
  /** Something was settled or a plan failed since the last survey was asked for. */
  changedSinceSurvey: boolean;
  /** Not before this time the next survey (back-off after failures and for want of room). */
  surveyNotBefore: Instant;
  /** Plans in a row that found no room for anybody; surveys in a row that OpenStack did not answer. */
  fruitless: number;
  unanswered: number;
  /** How many VMs are not settled; how many of these wait to be ordered, or for a place. */
  unsettled: number;
  planned: number;
  unplaced: number;
  /** VMs whose new host failed in its turn: another incident has them now. */
  handedOver: readonly VmId[];
  waitingFor: string;
}>;

export type VmOutcome = (typeof vmOutcomes)[number];
/** A VM of a failed host, from survey to its end. */
export type VmRecord = Readonly<{
  vm: VmId;
  name: string;
  incident: IncidentId;
  from: HostId;
  size: Resources;
  status: string;
  placement: Placement | null;
  /** Evacuation orders given for it so far. */
  orders: number;
  stage:
    | Readonly<{ kind: 'unplaced'; because: string }>
    | Readonly<{ kind: 'planned' }>
    | Readonly<{ kind: 'ordered'; at: Instant }>
    | Readonly<{ kind: 'evacuated'; to: HostId; status: string; at: Instant }>
    | Readonly<{ kind: 'settled'; outcome: VmOutcome; host: HostId | null; reason: string }>;
  /** The host whose agent last said that it runs there. */
  seenOn: HostId | null;
}>;

export const vmStageMeans = {
  unplaced: 'no host has room for it now; planned again later',
  planned: 'has a place; its order waits for isolation, consent or the storage lease',
  ordered: 'the migrator has it',
  evacuated: "by Nova it is on its new host; that host's agent has not shown it yet",
  settled: 'ended: running, stopped, unevacuable, gone or handed over',
} as const satisfies Record<VmRecord['stage']['kind'], string>;

/** A host whose incident is closed and that is kept out until it is clean and well. */
export type HostOut = Readonly<{
  incident: IncidentId;
  cluster: ClusterId;
  since: Instant;
  wellSince: Instant | null;
  releaseAsked: boolean;
}>;

export type AgentSeen = Readonly<{ is: 'ok' | 'lost'; session: string; at: Instant }>;

export type SchedulerState = Readonly<{
  incidents: Table<Incident>;
  /** By VM id: a VM is in the hands of one incident at most. */
  vms: Table<VmRecord>;
  agents: Table<AgentSeen>;
  out: Table<HostOut>;
  /** 'now': the epoch that orders carry. */
  epoch: Table<number>;
}>;

export const initialState: SchedulerState = {
  incidents: Table.empty(),
  vms: Table.empty(),
  agents: Table.empty(),
  out: Table.empty(),
  epoch: Table.empty(),
};

const counts = (r: VmRecord | undefined) => ({
  unsettled: r !== undefined && r.stage.kind !== 'settled' ? 1 : 0,
  planned: r?.stage.kind === 'planned' ? 1 : 0,
  unplaced: r?.stage.kind === 'unplaced' ? 1 : 0,
});

/** Writes a VM's record and keeps its incident's counts right. */
export function putVm(s: SchedulerState, r: VmRecord): SchedulerState {
  const was = s.vms.get(r.vm);
  const old = was !== undefined && was.incident === r.incident ? counts(was) : counts(undefined);
  const now = counts(r);
  const i = s.incidents.get(r.incident);
  const vms = s.vms.set(r.vm, r);
  if (i === undefined) return { ...s, vms };
  const settledNow = r.stage.kind === 'settled' && was?.stage.kind !== 'settled';
  const next: Incident = {
    ...i,
    unsettled: i.unsettled + now.unsettled - old.unsettled,
    planned: i.planned + now.planned - old.planned,
    unplaced: i.unplaced + now.unplaced - old.unplaced,
    changedSinceSurvey: i.changedSinceSurvey || settledNow,
  };
  return { ...s, vms, incidents: s.incidents.set(r.incident, next) };
}

export const putIncident = (s: SchedulerState, i: Incident): SchedulerState => ({ ...s, incidents: s.incidents.set(i.incident, i) });
export const vmsOf = (s: SchedulerState, incident: IncidentId): VmRecord[] => s.vms.values().filter((r) => r.incident === incident);
export const openIncidentOf = (s: SchedulerState, host: HostId): Incident | undefined => s.incidents.values().find((i) => host in i.hosts);
export const epochOf = (s: SchedulerState): number => s.epoch.get('now') ?? 0;
