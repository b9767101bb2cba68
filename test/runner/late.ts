/** What every wait of the labs and contracts says when it runs out. */
const RAN_OUT = /not within \d/;
const BECAUSE_OF_ANOTHER = /did not finish before its parent/;

/**
 * The causes of a file's failed tests tell of waits that ran out and of nothing else: no claim about what Lifeboat did was found
 * untrue. See docs/decisions/021-a-second-try-for-what-was-late.md.
 */
export const onlyLate = (causes: readonly string[]): boolean =>
  causes.some((c) => RAN_OUT.test(c)) && causes.every((c) => RAN_OUT.test(c) || BECAUSE_OF_ANOTHER.test(c));
