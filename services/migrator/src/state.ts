import type { Placement, ProofOfDeath } from '@lifeboat/contracts';
import { type HostId, type IncidentId, type Instant, Table, type VmId } from '@lifeboat/kernel';

export type MethodFailure = Readonly<{ method: string; code: string; detail: string }>;

/**
 * Making sure that a host runs nothing any more.
 *
 *   isolation.requested --> fencing --read back as off--> isolated --forced down, disabled--> shut-out
 *                           ^  |  \                          |                                  |
 *                 next try /   |   `--recalled, not done--> (withdrawn: forgotten)              |
 *                   every method failed                      `<----- found powered on again <---'
 */
export type Isolation = Readonly<{
  incident: IncidentId;
  host: HostId;
  stage: 'fencing' | 'waiting' | 'isolated' | 'shut-out';
  proof: ProofOfDeath | null;
  attempt: number;
  /** Which of the host's fence methods is being tried. */
  method: number;
  failures: readonly MethodFailure[];
  /** When all methods failed: not before this time again. */
  nextAt: Instant;
  recalled: boolean;
  /** How often the host was shut out; a number for operations, and what backs off. */
  shutOuts: number;
  /** The newest epoch that ordered anything for this incident; orders of an older one are refused. */
  epoch: number;
  confirmation: string | null;
}>;

/** One VM on its way. Only one record of a VM may be calling or running at a time, whatever the incident. */
export type Move = Readonly<{
  vm: VmId;
  incident: IncidentId;
  from: HostId;
  placement: Placement;
  order: number;
  /** Which of the target and its alternates; and how many calls were made for this order. */
  candidate: number;
  calls: number;
  stage: 'queued' | 'calling' | 'running';
  /** Not before this time the next call. */
  notBefore: Instant;
  since: Instant;
  /** Nova's evacuation records of this VM that are known to have ended without it. */
  endedRecords: readonly string[];
  /** The last call got no answer: until its record has had time to show up, older records say nothing about it. */
  unsure: boolean;
  /** Its owner had stopped it: stopped is how it must end. */
  stopped: boolean;
  /** Starts ordered, of a VM that was running and came up stopped. */
  starts: number;
  /** An act on the VM is under way; the watch waits for its end. */
  acting: 'nothing' | 'starting' | 'resetting';
  resets: number;
  lastReason: string;
}>;

export const moveMeans = {
  queued: 'waits for its turn: proof, throttle, back-off',
  calling: 'Nova is being looked at and asked',
  running: 'Nova has it; its record is watched',
} as const satisfies Record<Move['stage'], string>;

/** A returned host that is to take VMs again. */
export type Release = Readonly<{ incident: IncidentId; host: HostId; attempt: number; nextAt: Instant; asked: boolean }>;
/** A host whose evacuations are being watched. */
export type Watch = Readonly<{ host: HostId; number: number }>;

export type MigratorState = Readonly<{
  /** 'incident host' */
  isolations: Table<Isolation>;
  /** 'incident vm' */
  moves: Table<Move>;
  releases: Table<Release>;
  watches: Table<Watch>;
  /** Hosts that were isolated and not released since, with the last proof: also after their incident is closed. */
  dead: Table<ProofOfDeath>;
}>;

export const initialState: MigratorState = {
  isolations: Table.empty(),
  moves: Table.empty(),
  releases: Table.empty(),
  watches: Table.empty(),
  dead: Table.empty(),
};

export const isolationKey = (incident: IncidentId, host: HostId) => `${incident} ${host}`;
export const moveKey = (incident: IncidentId, vm: VmId) => `${incident} ${vm}`;
export const isolationOf = (s: MigratorState, incident: IncidentId, host: HostId) => s.isolations.get(isolationKey(incident, host));
export const putIsolation = (s: MigratorState, i: Isolation): MigratorState => ({
  ...s,
  isolations: s.isolations.set(isolationKey(i.incident, i.host), i),
});
export const putMove = (s: MigratorState, m: Move): MigratorState => ({ ...s, moves: s.moves.set(moveKey(m.incident, m.vm), m) });
export const dropMove = (s: MigratorState, m: Move): MigratorState => ({ ...s, moves: s.moves.delete(moveKey(m.incident, m.vm)) });
