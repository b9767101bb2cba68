export interface MigratorSettings {
  /** A host's fence methods, by name, in their order. */
  readonly methodsOf: (host: string) => readonly string[];
  /** Back-off between rounds of fence methods that all failed. */
  readonly fenceAgainFirstMs: number;
  readonly fenceAgainMostMs: number;
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
}

export const defaultMigratorSettings = {
  fenceAgainFirstMs: 5_000,
  fenceAgainMostMs: 60_000,
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
} as const;
