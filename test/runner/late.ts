/** What a wait of a lab's own tools says when it runs out: a guest that boots, a compute that reports. */
const RAN_OUT = /\blab: not within /;
const BECAUSE_OF_ANOTHER = /did not finish before its parent/;

/**
 * The causes of a file's failed tests tell of a lab that was late and of nothing else. A wait for Lifeboat is a claim about it and
 * not meant. See docs/decisions/021-a-second-try-for-what-was-late.md.
 */
export const onlyLate = (causes: readonly string[]): boolean =>
  causes.some((c) => RAN_OUT.test(c)) && causes.every((c) => RAN_OUT.test(c) || BECAUSE_OF_ANOTHER.test(c));
