/** Said by machines whose maker has written nothing there, or the same everywhere. */
const NOBODYS = new Set(['03000200040005000006000700080009', '00020003000400050006000700080009']);

/**
 * One name for a machine, however its UUID was written: firmware, BMC and kernel disagree on the order of the bytes (the first
 * three fields, or all of them, may stand the wrong way round). null: it names no machine.
 */
export function machineOf(uuid: string): string | null {
  const hex = uuid.toLowerCase().replaceAll(/[^0-9a-f]/g, '');
  if (hex.length !== 32 || new Set(hex).size < 3) return null;
  const bytes = hex.match(/../g) as string[];
  const swapped = turned(bytes, FIELDS);
  const spellings = [bytes, swapped, turned(bytes, BACKWARDS), turned(swapped, BACKWARDS)]
    .flatMap((b) => [b, b.toReversed()])
    .map((b) => b.join(''));
  return spellings.some((s) => NOBODYS.has(s)) ? null : (spellings.sort()[0] as string);
}

/** Where the fields of 4, 2 and 2 bytes stand: at the beginning, or at the end, in the other order. */
const FIELDS = [0, 4, 6, 8];
const BACKWARDS = [8, 10, 12, 16];
/** Each of these fields the other way round, and nothing else. */
const turned = (b: readonly string[], at: readonly number[]): string[] => [
  ...b.slice(0, at[0]),
  ...at.slice(1).flatMap((end, i) => b.slice(at[i], end).toReversed()),
  ...b.slice(at.at(-1)),
];
