/** As much of smpp 0.5 as is used here; it brings no types. */
declare module 'smpp' {
  import type { EventEmitter } from 'node:events';
  import type { Server as NetServer } from 'node:net';

  /** Decoded: text as data_coding says, or bytes where it says nothing known; `udh`: its elements. */
  export interface Short {
    readonly message?: string | Buffer;
    readonly udh?: readonly Buffer[];
  }
  export interface Pdu {
    readonly command: string;
    readonly command_status: number;
    readonly sequence_number: number;
    readonly [field: string]: unknown;
    response(fields?: object): Pdu;
  }
  type Answered = (answer: Pdu) => void;
  export class Session extends EventEmitter {
    send(pdu: Pdu, sent?: (pdu: Pdu) => void): boolean;
    bind_transceiver(fields: object, answered: Answered): boolean;
    enquire_link(fields: object, answered: Answered): boolean;
    submit_sm(fields: object, answered: Answered): boolean;
    deliver_sm(fields: object, answered: Answered): boolean;
    unbind(fields: object, answered: Answered): boolean;
    close(): void;
    destroy(): void;
  }
  export interface Server extends NetServer {
    readonly sessions: readonly Session[];
  }
  interface Smpp {
    connect(options: object, connected?: () => void): Session;
    createServer(listener: (session: Session) => void): Server;
    readonly errors: Readonly<Record<string, number>>;
  }
  const smpp: Smpp;
  export default smpp;
}
