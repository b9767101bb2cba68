export interface MigratorSettings {
  /** A host's fence methods, by name, in their order. */
  readonly methodsOf: (host: string) => readonly string[];
  /** The address of a method's device, as the topology has it now. */
  readonly deviceOf: (host: string, method: string) => string | null;
  /** Back-off between rounds of fence methods that all failed. */
  readonly fenceAgainFirstMs: number;
  readonly fenceAgainMostMs: number;
  /** A host that is back without a restart after it was proven dead: how long until its devices are asked again. */
  readonly doubtMs: number;
  /** Evacuation calls to Nova at the same time. */
  readonly callsMost: number;
  /** VMs being evacuated at the same time: in all, and onto one target. */
  readonly movingMost: number;
  readonly movingPerTargetMost: number;
  readonly watchEveryMs: number;
  /** A call whose record does not show up within this time was never taken. Longer than Nova's API may think about one. */
  readonly recordWithinMs: number;
  /** An evacuation that Nova still calls running after this time needs a person: it is never asked for a second time. */
  readonly stuckAfterMs: number;
  readonly callAgainMs: number;
  readonly callsPerOrderMost: number;
  /** Starts of a VM that came up stopped, before it is left to a person. */
  readonly startsMost: number;
  readonly releaseAgainMs: number;
  /** Nova cleans up within some seconds after its compute service's start: people are told of what takes longer than this. */
  readonly releaseToldAfterMs: number;
  /** Single VMs being brought back at the same time: in all, on one host, and of these by cold moves. */
  readonly restartsMost: number;
  readonly restartsPerHostMost: number;
  readonly coldMovesMost: number;
  /** VMs that leave hosts that are well, at the same time: in all, away from one host, onto one. Nova lets one a host go at a time. */
  readonly shiftsMost: number;
  readonly shiftsPerSourceMost: number;
  readonly shiftsPerTargetMost: number;
  readonly shiftsLookedAtMs: number;
  /** A live migration that has not ended after this time is ended by us; and when it is given up, whatever became of that. */
  readonly liveLimitMs: number;
  readonly shiftStuckMs: number;
  /** Live migrations of one VM that may fail before it is moved cold or left. */
  readonly liveTriesMost: number;
}

export const defaultMigratorSettings = {
  fenceAgainFirstMs: 5_000,
  fenceAgainMostMs: 60_000,
  doubtMs: 12_000,
  callsMost: 10,
  movingMost: 60,
  movingPerTargetMost: 12,
  watchEveryMs: 500,
  recordWithinMs: 20_000,
  stuckAfterMs: 600_000,
  callAgainMs: 2_000,
  callsPerOrderMost: 8,
  startsMost: 3,
  releaseAgainMs: 3_000,
  releaseToldAfterMs: 120_000,
  restartsMost: 20,
  restartsPerHostMost: 5,
  coldMovesMost: 2,
  shiftsMost: 8,
  shiftsPerSourceMost: 2,
  shiftsPerTargetMost: 2,
  shiftsLookedAtMs: 1_000,
  liveLimitMs: 900_000,
  shiftStuckMs: 1_800_000,
  liveTriesMost: 2,
} as const;
