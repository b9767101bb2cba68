import { splitText, toGsm } from '@lifeboat/answers';
import { stableId } from '@lifeboat/kernel';

const GSM = 0;
const UCS2 = 8;

const ucs2 = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

/** The submit_sm of a text, one a segment; long ones carry a header that says which part they are. */
export function submissions(message: { id: string; to: string; text: string }, from: string): readonly object[] {
  const { encoding, parts } = splitText(message.text);
  const sender = /^\+/.test(from)
    ? { source_addr_ton: 1, source_addr_npi: 1, source_addr: from.slice(1) }
    : /^[0-9]+$/.test(from)
      ? { source_addr_ton: 0, source_addr_npi: 1, source_addr: from }
      : { source_addr_ton: 5, source_addr_npi: 0, source_addr: from };
  const common = {
    ...sender,
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: message.to.replace(/^\+/, ''),
    registered_delivery: 1,
    data_coding: encoding === 'gsm-7' ? GSM : UCS2,
  };
  // The same message has the same number however often it is sent: a phone shows its parts as one.
  const ref = Number.parseInt(stableId('smpp', message.id).slice(0, 2), 16);
  return parts.map((part, i) => {
    const bytes = encoding === 'gsm-7' ? Buffer.from(toGsm(part) ?? []) : ucs2(part);
    const udh = parts.length === 1 ? {} : { udh: Buffer.from([5, 0, 3, ref, parts.length, i + 1]) };
    return { ...common, short_message: { ...udh, message: bytes } };
  });
}
