import type { AddressInfo } from 'node:net';
import smpp, { type Pdu, type Server, type Session, type Short } from 'smpp';

const AGAIN_MS = 150;

/** A small SMS centre: takes messages, puts their parts together as a phone does, sends receipts and what people write. */
export class SmsCentre {
  readonly systemId = 'lifeboat';
  readonly password = 'secret8';
  readonly refused = '+8613800000000';
  readonly phones: { to: string; text: string }[] = [];
  /** What each segment was: how many bytes, in which coding. */
  readonly segments: { bytes: number; coding: number }[] = [];
  enquiries = 0;
  /** Takes messages, and never says so. */
  mute = false;
  readonly #parts = new Map<string, string[]>();
  readonly #waiting: object[] = [];
  readonly #underway = new Set<object>();
  readonly #bound = new Set<Session>();
  #server: Server | null = null;
  #pump: NodeJS.Timeout | undefined;
  #port = 0;
  #ids = 0;

  async open(): Promise<number> {
    const server = smpp.createServer((session) => this.#serve(session));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    this.#pump = setInterval(() => this.#deliver(), AGAIN_MS);
    return this.#port;
  }

  async close(): Promise<void> {
    clearInterval(this.#pump);
    const server = this.#server;
    const closed = new Promise((resolve) => server?.close(resolve));
    for (const session of [...(server?.sessions ?? [])]) session.destroy();
    this.#bound.clear();
    await closed;
  }

  /** Somebody texts us, as the radio network hands it on; `parts`: with the headers of a long message. */
  text(from: string, parts: readonly string[], coding = 8): void {
    this.#ids += 1;
    const address = { source_addr_ton: 1, source_addr_npi: 1, source_addr: from.slice(1), destination_addr: '10086' };
    parts.forEach((message, i) => {
      const udh = parts.length === 1 ? {} : { udh: Buffer.from([5, 0, 3, this.#ids % 256, parts.length, i + 1]) };
      this.#waiting.push({ ...address, data_coding: coding, short_message: { ...udh, message } });
    });
    this.#deliver();
  }

  receipt(id: string, stat: 'DELIVRD' | 'UNDELIV'): void {
    const text = `id:${id} sub:001 dlvrd:001 submit date:2611222001 done date:2611222001 stat:${stat} err:000 text:Host`;
    this.#waiting.push({ esm_class: 4, source_addr: '8613812341234', destination_addr: '10086', data_coding: 0, short_message: text });
    this.#deliver();
  }

  /** What is not taken with 'ok' comes again. */
  #deliver(): void {
    const [session] = this.#bound;
    if (session === undefined) return;
    for (const fields of [...this.#waiting]) {
      if (this.#underway.has(fields)) continue;
      this.#underway.add(fields);
      const free = setTimeout(() => this.#underway.delete(fields), AGAIN_MS * 4);
      session.deliver_sm(structuredClone(fields), (answer) => {
        clearTimeout(free);
        this.#underway.delete(fields);
        const at = this.#waiting.indexOf(fields);
        if (answer.command_status === 0 && at >= 0) this.#waiting.splice(at, 1);
      });
    }
  }

  #serve(session: Session): void {
    const answer = (pdu: Pdu, fields = {}) => session.send(pdu.response(fields));
    session.on('error', () => session.destroy());
    session.on('close', () => this.#bound.delete(session));
    session.on('bind_transceiver', (pdu: Pdu) => {
      const known = pdu['system_id'] === this.systemId && pdu['password'] === this.password;
      answer(pdu, known ? { system_id: 'centre' } : { command_status: smpp.errors['ESME_RBINDFAIL'] });
      if (known) this.#bound.add(session);
    });
    session.on('enquire_link', (pdu: Pdu) => {
      this.enquiries += 1;
      answer(pdu);
    });
    session.on('unbind', (pdu: Pdu) => answer(pdu));
    session.on('submit_sm', (pdu: Pdu) => {
      const to = `+${String(pdu['destination_addr'])}`;
      if (to === this.refused) return void answer(pdu, { command_status: smpp.errors['ESME_RINVDSTADR'] });
      this.#ids += 1;
      this.#toPhone(to, pdu['short_message'] as Short, Number(pdu['data_coding']));
      if (!this.mute) answer(pdu, { message_id: `centre-${this.#ids}` });
    });
  }

  #toPhone(to: string, { message, udh }: Short, coding: number): void {
    const text = String(message);
    this.segments.push({ bytes: coding === 8 ? text.length * 2 : text.length, coding });
    const header = udh?.[0];
    if (header === undefined) return void this.phones.push({ to, text });
    const [, , ref, total = 0, nth = 0] = header;
    const parts = this.#parts.get(`${to} ${ref}`) ?? [];
    parts[nth - 1] = text;
    this.#parts.set(`${to} ${ref}`, parts);
    if (parts.filter((p) => p !== undefined).length < total) return;
    this.phones.push({ to, text: parts.join('') });
    this.#parts.delete(`${to} ${ref}`);
  }
}
