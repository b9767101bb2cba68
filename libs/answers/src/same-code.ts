/** Compares in the same time wherever the first difference is, so that a code cannot be guessed digit by digit. */
export const sameCode = (a: string, b: string): boolean => {
  let different = a.length ^ b.length;
  const length = Math.max(a.length, b.length);
  // Beyond an end charCodeAt is NaN, which the bit operation takes for 0; the lengths have told already.
  for (let i = 0; i < length; i += 1) different |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return different === 0;
};
