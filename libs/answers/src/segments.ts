/** How a text message is sent. GSM 03.38: 7 bits a character, where every character is in its table; else UCS-2, 16 bits. */
export type Encoding = 'gsm-7' | 'ucs-2';

/** The basic table in the order of its codes; 0x1B is the escape to the extension. */
const GSM_BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
/** Character → its code after the escape: two septets each. */
const GSM_EXTENSION: ReadonlyMap<string, number> = new Map([
  ['\f', 0x0a],
  ['^', 0x14],
  ['{', 0x28],
  ['}', 0x29],
  ['\\', 0x2f],
  ['[', 0x3c],
  ['~', 0x3d],
  [']', 0x3e],
  ['|', 0x40],
  ['€', 0x65],
]);
const ESCAPE = 0x1b;
const basic: ReadonlyMap<string, number> = new Map([...GSM_BASIC].map((c, i) => [c, i] as const).filter(([, i]) => i !== ESCAPE));

const limits = { 'gsm-7': { single: 160, part: 153 }, 'ucs-2': { single: 70, part: 67 } } as const;

/** The septets of a character; null: the table has none. */
const septetsOf = (c: string): readonly number[] | null => {
  const code = basic.get(c);
  if (code !== undefined) return [code];
  const extended = GSM_EXTENSION.get(c);
  return extended === undefined ? null : [ESCAPE, extended];
};

/** A text cut into the segments that are sent, each with its characters: an escape and its character, or the two halves of an emoji, stay together. */
export function splitText(text: string): { encoding: Encoding; parts: readonly string[] } {
  const characters = [...text];
  const encoding = characters.every((c) => septetsOf(c) !== null) ? 'gsm-7' : 'ucs-2';
  const size = (c: string) => (encoding === 'gsm-7' ? (septetsOf(c)?.length ?? 0) : c.length);
  const total = characters.reduce((sum, c) => sum + size(c), 0);
  if (total <= limits[encoding].single) return { encoding, parts: [text] };
  const parts: string[] = [];
  let part = '';
  let used = 0;
  for (const c of characters) {
    if (used + size(c) > limits[encoding].part) {
      parts.push(part);
      part = '';
      used = 0;
    }
    part += c;
    used += size(c);
  }
  return { encoding, parts: [...parts, part] };
}

/** One byte a septet, unpacked: what SMPP carries with data_coding 0. Null where a character is not in the tables. */
export const toGsm = (text: string): Uint8Array | null => {
  const septets = [...text].map(septetsOf);
  return septets.some((s) => s === null) ? null : Uint8Array.from(septets.flatMap((s) => s ?? []));
};
