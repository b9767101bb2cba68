import type { Clock } from '@lifeboat/ports';

/** What may go wrong between a service and a server. The simulation fills it in; left out, nothing goes wrong. */
export interface Faults {
  /** False: the server cannot be reached. */
  readonly available?: () => boolean;
  /** How long a request is under way before it takes effect. */
  readonly delayMs?: () => number;
  /** True: the request takes effect and its answer is lost. */
  readonly answerLost?: () => boolean;
}

/** Takes a request to a server in memory: `null` = there was no answer (the effect may have happened). */
export async function ask<T>(clock: Clock, faults: Faults, effect: () => T): Promise<{ readonly answer: T } | null> {
  const delay = faults.delayMs?.() ?? 0;
  if (delay > 0) await clock.sleep(delay);
  if (faults.available?.() === false) return null;
  const answer = effect();
  return faults.answerLost?.() === true ? null : { answer };
}
