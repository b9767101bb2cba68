/** At most `count` at once; the others wait, but not for ever. */
export const slots = (count: number) => {
  let free = count;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  /** How to give the slot back, or null when none came free in time. */
  const take = (limitMs: number): Promise<(() => void) | null> => {
    if (free > 0) {
      free -= 1;
      return Promise.resolve(release);
    }
    return new Promise((resolve) => {
      const turn = () => {
        clearTimeout(timer);
        resolve(release);
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(turn), 1);
        resolve(null);
      }, limitMs);
      waiting.push(turn);
    });
  };
  return { take };
};
