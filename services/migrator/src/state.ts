import type { MigrationWay, Placement, ProofOfDeath, RestartWay } from '@lifeboat/contracts';
import { type HostId, type IncidentId, type Instant, Table, type VmId } from '@lifeboat/kernel';

export type MethodFailure = Readonly<{ method: string; code: string; detail: string }>;

/**
 * Making sure that a host runs nothing any more.
 *
 *   isolation.requested --> fencing --read back as off--> isolated --forced down, disabled--> shut-out
 *                           ^  |  \                          |                                  |
 *                 next try /   |   `--recalled, not done--> (withdrawn: forgotten)              |
 *                   every method failed                      `<----- found powered on again <---'
 *                           `-------------- doubted: it is back, and never was off <-----------'
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
  /** Nova was asked for an evacuation: a VM of it may run elsewhere. */
  began?: true;
  /** The host is back in the life in which it was proven dead: nothing is moved before it has been isolated anew. How far it was. */
  doubted?: 'isolated' | 'shut-out';
  /** Methods that called it off while it went on running. */
  disbelieved?: readonly string[];
}>;

/** One VM on its way. Only one record of a VM may be calling or running at a time, whatever the incident. */
export type Move = Readonly<{
  vm: VmId;
  incident: IncidentId;
  from: HostId;
  placement: Placement;
  /** The confirmation that allows it; null: none is needed. */
  confirmation: string | null;
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
  /** When Nova first answered a look after that call. One that stood still may take up the call only then, however long ago it was made. */
  answeredAt?: Instant;
  /** Its owner had stopped it: stopped is how it must end. */
  stopped: boolean;
  /** Starts ordered, of a VM that was running and came up stopped. */
  starts: number;
  /** Why it is not to be started: somebody has stopped it. */
  leftStopped?: string;
  /** Its owner had asked Nova to stop it after its host had died: how it must end. */
  stopAsked?: true;
  /** Stops ordered, of a VM that runs though its owner had asked for its stop. */
  stops?: number;
  /** An act on the VM is under way; the watch waits for its end. */
  acting: 'nothing' | 'starting' | 'stopping' | 'resetting';
  resets: number;
  lastReason: string;
  /** Since when its evacuations end at a lock that the storage still holds for the dead host. */
  lockedSince?: Instant;
}>;

export const moveMeans = {
  queued: 'waits for its turn: proof, throttle, back-off',
  calling: 'Nova is being looked at and asked',
  running: 'Nova has it; its record is watched',
} as const satisfies Record<Move['stage'], string>;

/** A returned host that is to take VMs again. `refusedSince`: Nova has not let it since then; `told`: people know. */
export type Release = Readonly<{
  incident: IncidentId;
  host: HostId;
  attempt: number;
  nextAt: Instant;
  asked: boolean;
  refusedSince?: Instant;
  told?: boolean;
}>;
/** A host whose evacuations are being watched. */
export type Watch = Readonly<{ host: HostId; number: number }>;

/** A failed VM that is to be brought back; its answer is told, and then it is forgotten. */
export type Restart = Readonly<{
  vm: VmId;
  incident: IncidentId;
  host: HostId;
  how: RestartWay;
  to: readonly HostId[];
  attempt: number;
  since: Instant;
  triedUntil?: Instant;
  epoch: number;
  stage: 'queued' | 'acting';
  /** It runs again, and our act is in hand. */
  recalled?: true;
  at: Instant;
}>;

/** A host that is well and from which VMs are to leave: kept free of new ones where that is wanted. */
export type Aside = Readonly<{
  incident: IncidentId;
  host: HostId;
  by: string;
  stage: 'setting' | 'set' | 'closing';
  attempt: number;
  epoch: number;
}>;

/**
 * One VM that leaves a host that is well.
 *
 *   queued --its turn--> calling --Nova took it--> running --its record says done--> (told, forgotten)
 *     ^                     |                        |  `--cold, arrived--> confirming --'
 *     `-- refused, failed: the next host, or cold --'|  `--never ends--> aborting --'
 *   queued --its host fails, the drain is ended--> (given back)
 *   running --its host died before Nova had begun--> freeing --Nova lets go of the VM--> (given back, to be evacuated)
 * While calling and after it, until its record has been decided, the VM is not evacuated: its guest may be at either end.
 */
export type Shift = Readonly<{
  vm: VmId;
  incident: IncidentId;
  from: HostId;
  placement: Placement;
  order: number;
  /** A running VM may be moved cold. */
  cold: boolean;
  how: MigrationWay;
  candidate: number;
  /** Live tries that failed. */
  liveFailed: number;
  calls: number;
  stage: 'queued' | 'calling' | 'running' | 'confirming' | 'aborting' | 'freeing';
  /** Not before this time the next call. */
  notBefore: Instant;
  /** When the last call was made, and the first. */
  calledAt: Instant;
  since: Instant | null;
  /** Nova's records of this VM that are none of the last call's. */
  known: readonly string[];
  aborted: boolean;
  /** Why no further call is to be made; null: they may be. */
  recalled: string | null;
}>;

/** A fence device that was found to switch another host's machine. */
export type Stranger = Readonly<{ device: string; other: string }>;

export type Lost = Readonly<{ vm: VmId; from: HostId; record: string }>;

export type MigratorState = Readonly<{
  /** 'incident host' */
  isolations: Table<Isolation>;
  /** 'incident vm' */
  moves: Table<Move>;
  releases: Table<Release>;
  /** By VM. */
  restarts: Table<Restart>;
  watches: Table<Watch>;
  /** By host. */
  asides: Table<Aside>;
  /** By VM. */
  shifts: Table<Shift>;
  /** By VM: migrations that had not begun when their host died, though Nova's record never says so. */
  lost: Table<Lost>;
  /** Hosts whose migrations are being looked at. */
  shiftWatches: Table<Watch>;
  /** Hosts that were isolated and not released since, with the last proof: also after their incident is closed. */
  dead: Table<ProofOfDeath>;
  /** Confirmations that hold no longer, with the reason: nothing is begun under them, in whatever order the words come. */
  voided: Table<string>;
  /** 'host method' */
  strangers: Table<Stranger>;
}>;

export const initialState: MigratorState = {
  isolations: Table.empty(),
  moves: Table.empty(),
  releases: Table.empty(),
  restarts: Table.empty(),
  watches: Table.empty(),
  asides: Table.empty(),
  shifts: Table.empty(),
  shiftWatches: Table.empty(),
  lost: Table.empty(),
  dead: Table.empty(),
  voided: Table.empty(),
  strangers: Table.empty(),
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
export const putShift = (s: MigratorState, m: Shift): MigratorState => ({ ...s, shifts: s.shifts.set(m.vm, m) });
export const isFailed = (s: MigratorState, host: HostId): boolean => s.dead.has(host) || s.isolations.values().some((i) => i.host === host);
/** Nova may be at work on its migration: until that is decided nothing else is done to it. */
export const isShifting = (s: MigratorState, vm: VmId): boolean => {
  const m = s.shifts.get(vm);
  return m !== undefined && m.stage !== 'queued';
};

export const strangerKey = (host: string, method: string) => `${host} ${method}`;
