import { maskAll } from '@lifeboat/answers';
import { type Failure, failed, type Outcome, ok } from '@lifeboat/kernel';
import type { TextFailure, TextMessage, TextSender, TextTaken } from '@lifeboat/ports';
import type { Twilio } from 'twilio';
import { STATUS_PATH, type TwilioOptions } from './options.ts';

const DEFAULT_LIMIT_MS = 10_000;
/** Twilio knows no id of ours: the same text to the same number so soon after is the same message, sent before a crash. */
const SAME_WITHIN_MS = 10 * 60_000;
const LOOK_AT = 20;
const REMEMBERED = 1_000;
/** No connection was made. */
const NEVER_SENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const GONE_WRONG: ReadonlySet<string> = new Set(['failed', 'undelivered', 'canceled']);

/** Text messages by Twilio's REST API; what becomes of them comes in at its webhook. */
export function twilioSender(options: TwilioOptions): TextSender {
  let opened: Promise<Twilio> | undefined;
  const open = () => {
    opened ??= clientOf(options);
    return opened;
  };
  const taken = new Map<string, TextTaken>();
  const sender = options.from.startsWith('MG') ? { messagingServiceSid: options.from } : { from: options.from };

  const alreadyTaken = async ({ to, text }: TextMessage): Promise<TextTaken | undefined> => {
    const since = Date.now() - SAME_WITHIN_MS;
    const recent = await (await open()).messages.list({ to, limit: LOOK_AT });
    const same = recent.find((m) => m.body === text && m.dateCreated.getTime() >= since && !GONE_WRONG.has(m.status));
    return same === undefined ? undefined : { providerId: same.sid };
  };
  const create = async ({ id, to, text }: TextMessage): Promise<TextTaken> => {
    const statusCallback = `${options.publicUrl}${STATUS_PATH}?id=${encodeURIComponent(id)}`;
    const { sid } = await (await open()).messages.create({ ...sender, to, body: text, statusCallback });
    return { providerId: sid };
  };
  return {
    send: async (message): Promise<Outcome<TextTaken, TextFailure>> => {
      const known = taken.get(message.id);
      if (known !== undefined) return ok(known);
      let asked = false;
      try {
        const before = await alreadyTaken(message);
        asked = before === undefined;
        const now = before ?? (await create(message));
        taken.set(message.id, now);
        for (const oldest of taken.keys()) if (taken.size > REMEMBERED) taken.delete(oldest);
        return ok(now);
      } catch (e) {
        return failureOf(e, asked);
      }
    },
    close: async () => undefined,
  };
}

// Loaded with the first message: 35 MB that nobody else pays.
async function clientOf(options: TwilioOptions): Promise<Twilio> {
  const { default: twilio } = await import('twilio');
  const limits = { timeout: options.timeLimitMs ?? DEFAULT_LIMIT_MS, lazyLoading: true };
  const client = twilio(options.accountSid, options.authToken, limits);
  if (options.api !== undefined) client.api.baseUrl = options.api;
  return client;
}

/** What Twilio says about the message or its number will not change. Credentials, limits and networks are mended without a new message. */
function failureOf(e: unknown, asked: boolean): Failure<TextFailure> {
  const { status, code, message } = e as { status?: number; code?: number | string; message: string };
  const said = maskAll(`${code === undefined ? '' : `${code}: `}${message}`);
  if (status === 400 || status === 404) return failed('SMS_REFUSED', said);
  const surelyNot = !asked || (status !== undefined && status < 500) || NEVER_SENT.has(String(code));
  return failed(surelyNot ? 'SMS_UNREACHABLE' : 'SMS_UNCERTAIN', said);
}
