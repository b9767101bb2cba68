import type { TextReceipt } from '@lifeboat/ports';
import type { Pdu, Short } from 'smpp';

const ESM_TYPE = 0x3c;
const ESM_RECEIPT = 0x04;
const INTERNATIONAL = 1;
const MOST_WAITING = 200;
const MOST_PARTS = 20;

const states: Readonly<Record<string, TextReceipt['state']>> = {
  DELIVRD: 'delivered',
  ACCEPTD: 'sent',
  ENROUTE: 'sent',
  EXPIRED: 'failed',
  DELETED: 'failed',
  UNDELIV: 'failed',
  REJECTD: 'failed',
};
/** message_state of SMPP 3.4, as the receipt's text would have it. */
const words: readonly string[] = ['', 'ENROUTE', 'DELIVRD', 'EXPIRED', 'DELETED', 'UNDELIV', 'ACCEPTD', 'UNKNOWN', 'REJECTD'];

const textField = (pdu: Pdu, name: string): string => {
  const value = pdu[name];
  return typeof value === 'string' ? value : '';
};
const numberField = (pdu: Pdu, name: string): number => {
  const value = pdu[name];
  return typeof value === 'number' ? value : 0;
};
const shorts = (pdu: Pdu): readonly Short[] =>
  [pdu['short_message'], pdu['message_payload']].filter((s): s is Short => typeof s === 'object' && s !== null);

/** What is no text (a picture, a setting) reads as nothing. */
const textOf = (pdu: Pdu): string =>
  shorts(pdu)
    .map((s) => (typeof s.message === 'string' ? s.message : ''))
    .find((t) => t !== '') ?? '';

export const senderOf = (pdu: Pdu): string => {
  const address = textField(pdu, 'source_addr');
  return numberField(pdu, 'source_addr_ton') === INTERNATIONAL && /^[0-9]/.test(address) ? `+${address}` : address;
};

/** A receipt's id, word and state; null where the PDU is a message. State absent: nothing has come of it yet. */
export function receiptIn(pdu: Pdu): { id: string; word: string; state?: TextReceipt['state'] } | null {
  if ((numberField(pdu, 'esm_class') & ESM_TYPE) !== ESM_RECEIPT) return null;
  const text = textOf(pdu);
  const word = /\bstat:([A-Z]{1,7})/i.exec(text)?.[1]?.toUpperCase() ?? words[numberField(pdu, 'message_state')] ?? '';
  const id = textField(pdu, 'receipted_message_id') || (/\bid:(\S{1,65})/i.exec(text)?.[1] ?? '');
  const error = /\berr:([0-9A-Za-z]{1,5})/.exec(text)?.[1];
  const state = Object.hasOwn(states, word) ? states[word] : undefined;
  return {
    id,
    word: error === undefined || /^0+$/.test(error) ? word : `${word}, error ${error}`,
    ...(state === undefined ? {} : { state }),
  };
}

interface Place {
  readonly ref: number;
  readonly total: number;
  readonly nth: number;
}
function placeOf(pdu: Pdu): Place | null {
  for (const element of shorts(pdu).flatMap((s) => s.udh ?? [])) {
    const [kind, , a = 0, b = 0, c = 0, d = 0] = element;
    if (kind === 0x00 && element.length === 5) return { ref: a, total: b, nth: c };
    if (kind === 0x08 && element.length === 6) return { ref: a * 256 + b, total: c, nth: d };
  }
  const total = numberField(pdu, 'sar_total_segments');
  return total === 0 ? null : { ref: numberField(pdu, 'sar_msg_ref_num'), total, nth: numberField(pdu, 'sar_segment_seqnum') };
}

/** Puts long messages together. Parts that never find the others are forgotten, the oldest first. */
export class Assembly {
  readonly #waiting = new Map<string, Map<number, string>>();

  /** The whole text, or null while parts are missing; `forget` once it was kept, for its last part may come again. */
  add(pdu: Pdu): { text: string; forget: () => void } | null {
    const place = placeOf(pdu);
    const text = textOf(pdu);
    if (place === null || place.total <= 1) return { text, forget: () => undefined };
    if (place.total > MOST_PARTS || place.nth < 1 || place.nth > place.total) return { text: '', forget: () => undefined };
    const key = `${senderOf(pdu)} ${place.ref} ${place.total}`;
    const parts = this.#waiting.get(key) ?? new Map<number, string>();
    parts.set(place.nth, text);
    this.#waiting.set(key, parts);
    for (const oldest of this.#waiting.keys()) if (this.#waiting.size > MOST_WAITING) this.#waiting.delete(oldest);
    if (parts.size < place.total) return null;
    const whole = [...parts].sort(([a], [b]) => a - b).map(([, t]) => t);
    return { text: whole.join(''), forget: () => void this.#waiting.delete(key) };
  }
}
