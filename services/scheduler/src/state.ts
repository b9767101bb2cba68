import type { AutomationLevel, Placement, ProofOfDeath, Resources, Verdict, VmFailure, vmOutcomes } from '@lifeboat/contracts';
import { type ClusterId, type HostId, type IncidentId, type Instant, Table, type VmId } from '@lifeboat/kernel';
import type { Drain, Drained, Migrating } from './drains/drain.ts';
import type { Endangered } from './effects.ts';
import type { VmIncident } from './vm-incident.ts';

/** Where a failed host of an incident stands between order and shut-out. */
export type HostStage = Readonly<{
  cluster: ClusterId;
  isolation: 'requested' | 'recalled' | 'isolated' | 'withdrawn';
  /** When isolation was last asked for, or the migrator was last heard of it. */
  askedAt: Instant;
  proof: ProofOfDeath | null;
  isolatedAt: Instant | null;
  shutOut: boolean;
  /** It was back in the life in which it had been proven dead: nothing is ordered before there is another proof. */
  contradicted?: true;
}>;

/** Which VMs an answer covers, and for each what was shown to the person: `from host, to cluster`. */
export type Covers = Readonly<Record<VmId, string>>;

/**
 * Consent to evacuate, as the automation level demands it.
 *
 *   not-needed (automatic)        unasked --plan ready, host isolated--> asked --yes--> given
 *   person (manual: waits)            ^                                    |--no-----> declined
 *     `--a person starts it--> given  `--host came back, plan materially other: told, and asked anew
 */
export type Consent =
  | Readonly<{ kind: 'not-needed' }>
  | Readonly<{ kind: 'person'; asked: number }>
  | Readonly<{ kind: 'unasked'; asked: number }>
  | Readonly<{ kind: 'asked'; asked: number; covers: Covers; expiresAt: Instant; quorum: number; answers: Answers }>
  /** `byHand`: a person started it for these VMs; nobody is asked about others. */
  | Readonly<{ kind: 'given'; asked: number; covers: Covers; answer: 'evacuate'; answers: Answers; byHand: boolean }>
  | Readonly<{ kind: 'declined'; asked: number; by: string; answer: 'do-not'; answers: Answers }>;
/** Who answered what, by name: the first word of each counts. */
export type Answers = Readonly<Record<string, 'evacuate' | 'do-not'>>;
export const confirmationId = (incident: IncidentId, asked: number): string => `${incident}/confirmation/${asked}`;

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
  /** VMs that a person wants elsewhere than on these hosts, from an incident before. */
  elsewhere?: Readonly<Record<VmId, readonly HostId[]>>;
  /** Opened by a person's word, not by a verdict. */
  byPerson?: true;
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
  /** Hosts that would not have it. `elsewhere`: a person wants it on none of them. */
  refusedBy?: readonly HostId[];
  elsewhere?: true;
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
  releaseAskedAt: Instant | null;
  /** It never was off, so its evacuated VMs may still run on it: only a person releases it. */
  contradicted?: true;
}>;

/** A VM that was not evacuated: followed, also after its incident, until it runs or a person dismisses it. */
export type Item = Readonly<{
  vm: VmId;
  name?: string;
  incident: IncidentId;
  host: HostId;
  reason: string;
  since: Instant;
  startOnReturn: boolean;
  refusedBy?: readonly HostId[];
  /** It was to leave a host that is well: it runs there, and its host is not out. */
  drained?: true;
  /** Nova has it in error where it went: that an agent sees it run mends nothing of that. */
  inError?: true;
  /** Seen running on a host that this incident was about to isolate: it counts should that host be left alone. */
  seen?: Readonly<{ host: HostId; incident: IncidentId }>;
  remindAt: Instant;
  reminders: number;
}>;

/** `ailing`: VMs of its host that have failed by themselves, as it last said. */
/** `running`: VMs that were up on it when it was lost, if only to be mended. */
export type AgentSeen = Readonly<{ is: 'ok' | 'lost'; session: string; at: Instant; ailing?: Ailing; running?: readonly VmId[] }>;
export type Ailing = Readonly<Record<VmId, VmFailure>>;

/** `told`: how many VMs without a place were told of last; 0: nothing was told yet. */
export type EndangeredRecord = Endangered & Readonly<{ since: Instant; wellSince: Instant | null; told: number }>;
/** `told`: a fingerprint; `stirred`: VMs came or went since. */
export type Watched = Readonly<{ n: number; told: string; stirred: boolean; at: Instant }>;

export type SchedulerState = Readonly<{
  incidents: Table<Incident>;
  /** By VM id: a VM is in the hands of one incident at most. */
  vms: Table<VmRecord>;
  agents: Table<AgentSeen>;
  out: Table<HostOut>;
  /** Hosts that failed again soon after they were taken back: how long they must be well before they are released. */
  quarantined: Table<number>;
  /** Incidents closed of late, and when: none is opened a second time. */
  closed: Table<Instant>;
  /** By VM: failures of single VMs, and when each of them failed of late. */
  vmIncidents: Table<VmIncident>;
  vmFailures: Table<readonly Instant[]>;
  /** VMs that are to run, though Nova may have written them down as stopped: they had failed by themselves before their host, or ran when it failed and it came back without them. */
  wanted: Table<IncidentId>;
  /** By VM. */
  items: Table<Item>;
  /** By host: planned evacuations. */
  drains: Table<Drain>;
  /** Hosts that stay disabled after one, until a person releases them. */
  drained: Table<Drained>;
  /** By VM. */
  migrating: Table<Migrating>;
  /** 'now': the epoch that orders carry. */
  epoch: Table<number>;
  /** 'host/NAME', 'rack/NAME': failures that would cost VMs, told or not yet. */
  redundancy: Table<EndangeredRecord>;
  /** 'now': what the fleet's keeper was told last; 'redundancy': when something was told of that. */
  watch: Table<Watched>;
}>;

export const initialState: SchedulerState = {
  incidents: Table.empty(),
  vms: Table.empty(),
  agents: Table.empty(),
  out: Table.empty(),
  quarantined: Table.empty(),
  closed: Table.empty(),
  vmIncidents: Table.empty(),
  vmFailures: Table.empty(),
  wanted: Table.empty(),
  epoch: Table.empty(),
  redundancy: Table.empty(),
  watch: Table.empty(),
  items: Table.empty(),
  drains: Table.empty(),
  drained: Table.empty(),
  migrating: Table.empty(),
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
