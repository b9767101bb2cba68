import type { HostId, Instant, VmId } from '@lifeboat/kernel';

export interface NovaTimes {
  readonly reportMs: number;
  /** Silence after which a service is 'down'. */
  readonly downAfterMs: number;
  /** Start of the compute process → its clean-up is through; → its first heartbeat. */
  readonly cleanUpMs: readonly [number, number];
  readonly firstReportMs: number;
  /** Clean-up → Nova notices that guests it calls active do not run, and calls them stopped. */
  readonly powerSyncMs: readonly [number, number];
  readonly scheduleMs: readonly [number, number];
  readonly claimMs: readonly [number, number];
  readonly rebuildMs: readonly [number, number];
  readonly startMs: readonly [number, number];
  /** Copying a guest's memory. */
  readonly liveMs: readonly [number, number];
  /** Live migrations at once away from one host; the others wait. */
  readonly outgoingPerHost: number;
  /** Evacuations scheduled at once in all, and built at once on one host. */
  readonly conductors: number;
  readonly buildsPerHost: number;
}
/** As measured on a real Nova (Zed), with the rebuild of a VM that has ports and volumes. */
export const novaTimes: NovaTimes = {
  reportMs: 10_000,
  downAfterMs: 60_000,
  cleanUpMs: [1_500, 3_500],
  firstReportMs: 8_500,
  powerSyncMs: [15_000, 60_000],
  scheduleMs: [150, 500],
  claimMs: [100, 400],
  rebuildMs: [1_500, 6_000],
  startMs: [500, 2_000],
  liveMs: [2_000, 10_000],
  outgoingPerHost: 1,
  conductors: 4,
  buildsPerHost: 10,
};

/** Heartbeats without a timer a host: the last one is reckoned when somebody asks. */
export class Heartbeats {
  readonly #everyMs: number;
  #last: Instant;
  /** Time of the first beat since reports began; null = silent. */
  #from: Instant | null;

  constructor(everyMs: number, last: Instant) {
    this.#everyMs = everyMs;
    this.#last = last;
    this.#from = last;
  }

  begin(first: Instant): void {
    this.#from = first;
  }
  end(now: Instant): void {
    this.#last = this.last(now);
    this.#from = null;
  }
  last(now: Instant): Instant {
    if (this.#from === null || now < this.#from) return this.#last;
    return (this.#from + Math.floor((now - this.#from) / this.#everyMs) * this.#everyMs) as Instant;
  }
}

export interface Service {
  readonly id: string;
  readonly host: HostId;
  enabled: boolean;
  disabledReason: string | null;
  forcedDown: boolean;
  readonly beats: Heartbeats;
  /** The compute process talks to Nova. */
  reporting: boolean;
  /** The life of the compute process whose start-up (clean-up) is through; it takes messages from then on. */
  initialisedLife: number;
}

export interface Server {
  readonly vm: VmId;
  host: HostId;
  vmState: 'active' | 'stopped' | 'error' | 'paused' | 'resized';
  /** Where a cold move that is not confirmed came from, and whether it was stopped then. */
  oldHost: HostId | null;
  wasStopped: boolean;
  locked: boolean;
  /** HA_Enabled is False. */
  haOff: boolean;
  task: string | null;
  fault: string | null;
  /** That fault is a lock on its disk. */
  storageLocked: boolean;
  deleted: boolean;
  /** Evacuated twice at once: nothing but a reset frees it. */
  stuck: boolean;
}
export const statusOf = (s: Server): string =>
  s.task?.startsWith('rebuild') === true
    ? 'REBUILD'
    : { active: 'ACTIVE', stopped: 'SHUTOFF', error: 'ERROR', paused: 'PAUSED', resized: 'VERIFY_RESIZE' }[s.vmState];

export interface Migration {
  readonly id: string;
  readonly vm: VmId;
  readonly from: HostId;
  to: HostId | null;
  status: 'accepted' | 'pre-migrating' | 'done' | 'completed' | 'failed' | 'error';
  readonly createdAt: Instant;
}

/** An evacuation that Nova took and has not finished. */
export interface Work {
  readonly migration: Migration;
  readonly server: Server;
  readonly wanted: HostId | null;
  readonly wasStopped: boolean;
  /** Has its claim on the target: counted there from now on. */
  claimed: boolean;
  /** 'queued': the message waits for a compute service that may be dead; 'over': ended, or lost with its compute service. */
  phase: 'scheduling' | 'queued' | 'building' | 'over';
  /** The compute service that was building it has died: it can do nothing any more, though nobody has noted that yet. */
  lost: () => boolean;
}

/** What is wrong with the API itself, changed by faults while running. */
export interface ApiFaults {
  away: boolean;
  /** It takes connections and answers none until it goes on. */
  stands: boolean;
  /** Share of calls answered with a 5xx, half of them after having been taken. */
  failing: number;
  /** Share of calls that get no answer in time, half of them after having been taken. */
  timingOut: number;
  /** Share of rebuilds that fail on their target. */
  rebuildFailing: number;
  /** Share of live migrations that Nova finds impossible, that fail, and that never end. */
  liveRefused: number;
  liveFailing: number;
  liveHanging: number;
  extraLatencyMs: number;
}
export const wellApi = (): ApiFaults => ({
  away: false,
  stands: false,
  failing: 0,
  timingOut: 0,
  rebuildFailing: 0,
  liveRefused: 0,
  liveFailing: 0,
  liveHanging: 0,
  extraLatencyMs: 0,
});
