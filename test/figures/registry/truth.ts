import type { HostId } from '@lifeboat/kernel';
import type { Stall } from './agents-process.ts';
import type { Told } from './told.ts';

/** What really happened to the hosts and their agents, and what was told about it that is not true. */
export interface Truth {
  /** Hosts without power, and since when. */
  readonly dead: ReadonlyMap<HostId, number>;
  /** When the process of a host's agent stood still. */
  readonly stallsOf: (host: HostId) => readonly Stall[];
  readonly sessionMs: number;
}
export interface Judged {
  /** Told lost of a host whose agent had done nothing that could cost it its session. */
  readonly falseLosses: number;
  /** Told lost of agents that had stood still for so long that their sessions could lapse: true, and no fault of the host. */
  readonly stalledLosses: number;
  /** A verdict that is not true of the host it names: confirmed though it lives, or any verdict about one that is well. */
  readonly falseVerdicts: number;
  readonly falseWords: readonly string[];
  readonly deadLost: number;
  readonly deadConfirmed: number;
}

/** An agent is heard of every third of a session timeout: standing still for two more, it may lapse. */
const MAY_LAPSE_SHARE = 0.6;
/** From the lapse to its being told: the doubt about many at once, twelve times at most, and the way through the servers. */
const TOLD_WITHIN = 13;

export function judge(told: Told, truth: Truth): Judged {
  const stoodStill = (host: HostId, at: number) =>
    truth
      .stallsOf(host)
      .some(({ from, to }) => to - from >= MAY_LAPSE_SHARE * truth.sessionMs && at >= from && at <= to + TOLD_WITHIN * truth.sessionMs);
  const isDead = (host: HostId, at: number) => at >= (truth.dead.get(host) ?? Number.POSITIVE_INFINITY);
  const living = told.lost.filter((w) => !isDead(w.host, w.at));
  const falsely = living.filter((w) => !stoodStill(w.host, w.at));
  const confirmed = told.confirmed.filter((w) => !isDead(w.host, w.at));
  const diagnosed = told.diagnosed.filter((w) => !isDead(w.host, w.at) && !(w.verdict === 'agent failure' && stoodStill(w.host, w.at)));
  const reached = (words: readonly { host: HostId }[]) => new Set(words.map((w) => w.host).filter((h) => truth.dead.has(h))).size;
  return {
    falseLosses: falsely.length,
    stalledLosses: living.length - falsely.length,
    falseVerdicts: confirmed.length + diagnosed.length,
    falseWords: [
      ...falsely.slice(0, 3).map((w) => `lost: ${w.host}`),
      ...confirmed.slice(0, 3).map((w) => `confirmed: ${w.host}`),
      ...diagnosed.slice(0, 3).map((w) => `${w.verdict}: ${w.host}`),
    ],
    deadLost: reached(told.lost),
    deadConfirmed: reached(told.confirmed),
  };
}
