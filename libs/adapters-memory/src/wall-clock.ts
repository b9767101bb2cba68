import { instant } from '@lifeboat/kernel';
import type { Clock } from '@lifeboat/ports';

/** setTimeout takes no more than this; what is longer fires at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

const wait = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    let cancel: () => void = () => undefined;
    const end = () => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    if (ms <= 0) {
      // not setTimeout: that waits a full millisecond
      const handle = setImmediate(end);
      cancel = () => clearImmediate(handle);
    } else {
      const handle = setTimeout(end, ms);
      cancel = () => clearTimeout(handle);
    }
    signal?.addEventListener('abort', end);
  });

/** The machine's own clock: the only place that reads it. */
export const wallClock = (): Clock => ({
  now: () => instant(Date.now()),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    let left = Math.max(0, ms);
    do {
      if (signal?.aborted) return;
      const part = Math.min(left, LONGEST_TIMEOUT_MS);
      await wait(part, signal);
      left -= part;
    } while (left > 0);
  },
});
