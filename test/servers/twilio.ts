import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Sent {
  readonly sid: string;
  readonly to: string;
  readonly body: string;
  readonly callback: string;
  readonly created: Date;
}
const newSid = () => `SM${randomBytes(16).toString('hex')}`;
const AGAIN_MS = 150;

/**
 * Speaks as much of Twilio's REST API as we use, and calls webhooks as Twilio does: signed over the public URL (written here
 * from Twilio's description, not with its library), through a proxy that changes the address, again until they are taken.
 */
export class FakeTwilio {
  readonly accountSid = `AC${randomBytes(16).toString('hex')}`;
  readonly authToken = randomBytes(16).toString('hex');
  readonly publicUrl = 'https://ha.example.org/sms';
  readonly refused = '+8613800000000';
  readonly sent: Sent[] = [];
  /** Where the proxy takes what is called at the public URL. */
  webhooks = '';
  #retries = new Set<NodeJS.Timeout>();
  #server = createServer((request, response) => void this.#serve(request, response));
  #port = 0;

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    return `http://127.0.0.1:${this.#port}`;
  }

  async close(): Promise<void> {
    for (const t of this.#retries) clearTimeout(t);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  sign(url: string, fields: Readonly<Record<string, string>>): string {
    const text = Object.keys(fields)
      .sort()
      .reduce((all, name) => `${all}${name}${fields[name] ?? ''}`, url);
    return createHmac('sha1', this.authToken).update(text).digest('base64');
  }

  /** One call of a webhook. `url`: as Twilio knows it. */
  async post(url: string, fields: Readonly<Record<string, string>>, signature = this.sign(url, fields)): Promise<number> {
    const headers = { 'x-twilio-signature': signature, 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await fetch(url.replace(this.publicUrl, this.webhooks), {
      method: 'POST',
      headers,
      body: new URLSearchParams(fields).toString(),
      signal: AbortSignal.timeout(5_000),
    });
    await answer.text();
    return answer.status;
  }

  /** Somebody texts us: handed on until it is taken. */
  text(from: string, body: string): void {
    const fields = { MessageSid: newSid(), AccountSid: this.accountSid, From: from, To: '+15005550006', Body: body, NumMedia: '0' };
    this.#until(`${this.publicUrl}/twilio/inbound`, fields);
  }

  settle(sid: string, status: 'delivered' | 'undelivered'): void {
    const callback = this.sent.find((m) => m.sid === sid)?.callback ?? '';
    const error = status === 'delivered' ? {} : { ErrorCode: '30003' };
    this.#until(callback, { MessageSid: sid, AccountSid: this.accountSid, MessageStatus: status, ...error });
  }

  #until(url: string, fields: Readonly<Record<string, string>>): void {
    const go = async () => {
      const code = await this.post(url, fields).catch(() => 599);
      if (code < 500) return;
      const timer = setTimeout(() => void go(), AGAIN_MS);
      this.#retries.add(timer);
    };
    void go();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const login = `Basic ${Buffer.from(`${this.accountSid}:${this.authToken}`).toString('base64')}`;
    if (request.headers.authorization !== login) return void answer(401, { code: 20003, message: 'Authenticate', status: 401 });
    const url = new URL(request.url ?? '', 'http://x');
    if (url.pathname !== `/2010-04-01/Accounts/${this.accountSid}/Messages.json`)
      return void answer(404, { code: 20404, message: 'not found', status: 404 });
    if (request.method === 'GET') {
      const messages = this.sent.filter((m) => m.to === url.searchParams.get('To')).reverse();
      return void answer(200, { messages: messages.map(described), page: 0, page_size: 20, next_page_uri: null });
    }
    const form = new URLSearchParams(Buffer.concat(parts).toString());
    const to = form.get('To') ?? '';
    if (to === this.refused) return void answer(400, { code: 21211, message: `Invalid 'To' Phone Number: ${to}`, status: 400 });
    const sent = { sid: newSid(), to, body: form.get('Body') ?? '', callback: form.get('StatusCallback') ?? '', created: new Date() };
    this.sent.push(sent);
    return void answer(201, described(sent));
  }
}

const described = (m: Sent) => ({ sid: m.sid, to: m.to, body: m.body, status: 'queued', date_created: m.created.toUTCString() });
