import type { Outcome } from '@lifeboat/kernel';
import { ok } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';

/** A few at a time, results in the order of the input; the first failure ends it. */
export const inParallel = async <T, R>(
  atOnce: number,
  items: readonly T[],
  work: (item: T) => Promise<Outcome<R, CloudFailure>>,
): Promise<Outcome<readonly R[], CloudFailure>> => {
  const results = new Array<R>(items.length);
  let next = 0;
  let failure: Extract<Outcome<R, CloudFailure>, { ok: false }> | undefined;
  const worker = async () => {
    while (failure === undefined && next < items.length) {
      const i = next++;
      const outcome = await work(items[i] as T);
      if (outcome.ok) results[i] = outcome.value;
      else failure ??= outcome;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return failure ?? ok(results);
};
