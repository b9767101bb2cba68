import smpp, { type Pdu, type Session } from 'smpp';
import type { SmppOptions } from './options.ts';

export type { Pdu } from 'smpp';

const DEFAULT_LIMIT_MS = 10_000;
const ENQUIRE_MS = 30_000;

/** No answer, a cut, or a refusal that says 'not now'. `status`: the SMS centre's word, where it gave one. */
export class SmppTrouble extends Error {
  readonly status: number | undefined;
  /** It went out, and no answer came: whether it was obeyed, nobody knows. */
  readonly unanswered: boolean;
  constructor(what: string, { status, unanswered = false }: { readonly status?: number; readonly unanswered?: boolean } = {}) {
    super(status === undefined ? what : `${what}: ${statusName(status)}`);
    this.status = status;
    this.unanswered = unanswered;
  }
}
export const statusName = (status: number): string =>
  Object.entries(smpp.errors).find(([, value]) => value === status)?.[0] ?? `status 0x${status.toString(16)}`;

type Request = 'bind_transceiver' | 'enquire_link' | 'submit_sm' | 'unbind';

/** One connection to an SMS centre, bound; it is asked from time to time whether it lives, and given up when it is silent. */
export class SmppConnection {
  readonly closed: Promise<string>;
  readonly #session: Session;
  readonly #limitMs: number;
  #enquiring: NodeJS.Timeout | undefined;
  #why = 'the connection was closed';
  #end: () => void = () => undefined;

  private constructor(options: SmppOptions, onDeliver: (pdu: Pdu, from: SmppConnection) => void) {
    this.#limitMs = options.timeLimitMs ?? DEFAULT_LIMIT_MS;
    const { host, port, tls, ca } = options;
    this.#session = smpp.connect({ host, port, tls, ...(ca === undefined ? {} : { ca }) });
    this.closed = new Promise((resolve) => {
      this.#end = () => {
        clearInterval(this.#enquiring);
        resolve(this.#why);
      };
    });
    this.#session.on('close', () => this.#end());
    // A broken PDU leaves the session deaf: it is of no use any more.
    this.#session.on('error', (e: Error) => this.destroy(e.message));
    this.#session.on('deliver_sm', (pdu: Pdu) => onDeliver(pdu, this));
    this.#session.on('enquire_link', (pdu: Pdu) => this.answer(pdu));
    this.#session.on('unbind', (pdu: Pdu) => {
      this.answer(pdu);
      this.destroy('the SMS centre ended the session');
    });
  }

  static async open(options: SmppOptions, onDeliver: (pdu: Pdu, from: SmppConnection) => void): Promise<SmppConnection> {
    const connection = new SmppConnection(options, onDeliver);
    try {
      await connection.#bind(options);
    } catch (e) {
      connection.destroy((e as Error).message);
      throw e;
    }
    return connection;
  }

  async #bind(o: SmppOptions): Promise<void> {
    const connected = new Promise<void>((resolve) => this.#session.once(o.tls ? 'secureConnect' : 'connect', resolve));
    await this.#within('connect', connected);
    await this.ask('bind_transceiver', {
      system_id: o.systemId,
      password: o.password,
      system_type: o.systemType ?? '',
      interface_version: 0x34,
    });
    const enquire = () => void this.ask('enquire_link', {}).catch((e: Error) => this.destroy(e.message));
    this.#enquiring = setInterval(enquire, o.enquireMs ?? ENQUIRE_MS);
  }

  /** Throws SmppTrouble on no answer, and on one that is not 'ok'. */
  async ask(request: Request, fields: object): Promise<Pdu> {
    const answered = new Promise<Pdu>((resolve, reject) => {
      if (!this.#session[request](fields, resolve)) reject(new SmppTrouble(`${request}: the connection is closed`));
    });
    const answer = await this.#within(request, answered);
    if (answer.command_status !== 0) throw new SmppTrouble(request, { status: answer.command_status });
    return answer;
  }

  answer(pdu: Pdu, status = 0): void {
    this.#session.send(pdu.response({ command_status: status }));
  }

  destroy(why: string): void {
    this.#why = why;
    this.#session.destroy();
    this.#end();
  }

  async #within<T>(what: string, wanted: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new SmppTrouble(`${what}: no answer within ${this.#limitMs} ms`, { unanswered: true })),
        this.#limitMs,
      );
    });
    const cut = this.closed.then((why) => Promise.reject(new SmppTrouble(`${what}: ${why}`, { unanswered: true })));
    try {
      return await Promise.race([wanted, late, cut]);
    } finally {
      clearTimeout(timer);
      cut.catch(() => undefined);
    }
  }
}
