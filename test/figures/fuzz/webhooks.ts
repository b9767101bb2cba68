import { createHmac } from 'node:crypto';
import { webhookServer } from '@lifeboat/adapters-twilio';
import type { Chance } from './chance.ts';
import { makeText } from './texts.ts';

const ACCOUNT = `AC${'1'.repeat(32)}`;
const TOKEN = 'fuzz-token';
const PUBLIC = 'https://ha.example.org';
const PATH = '/twilio/inbound';

export interface WebhookCounts {
  calls: number;
  /** Handed over though unsigned, changed or broken; or not as it was signed. */
  forged: number;
  /** Answered with 5xx, or not at all. */
  crashes: number;
  taken: number;
}

/** Twilio's description of its signature, written down once more: not the library that is tried. */
const sign = (fields: Readonly<Record<string, string>>) =>
  createHmac('sha1', TOKEN)
    .update(
      Object.keys(fields)
        .sort()
        .reduce((all, name) => `${all}${name}${fields[name] ?? ''}`, `${PUBLIC}${PATH}`),
    )
    .digest('base64');

/** Calls of the webhook: genuine ones, and all kinds of others. */
export async function fuzzWebhooks(c: Chance, calls: number): Promise<WebhookCounts> {
  const counts: WebhookCounts = { calls, forged: 0, crashes: 0, taken: 0 };
  const heard: string[] = [];
  const answer = async (a: { text: string }) => {
    heard.push(a.text);
    return true;
  };
  const listen = { host: '127.0.0.1', port: 0 };
  const options = { accountSid: ACCOUNT, authToken: TOKEN, from: '+15005550006', publicUrl: PUBLIC, listen };
  const server = webhookServer(options, { answer, receipt: async () => true });
  for (let i = 0; i < calls; i += 1) {
    const sid = `SM${i.toString(16).padStart(32, '0')}`;
    const fields: Record<string, string> = {
      MessageSid: sid,
      AccountSid: ACCOUNT,
      From: '+8613812341234',
      Body: makeText(c).text.toWellFormed(),
    };
    const { payload, signature, type, genuine } = spoil(c, fields);
    const headers = { 'content-type': type, ...(signature === null ? {} : { 'x-twilio-signature': signature }) };
    const before = heard.length;
    const reply = await server.inject({ method: 'POST', url: PATH, headers, payload }).catch(() => null);
    if (reply === null || reply.statusCode >= 500) counts.crashes += 1;
    const got = heard.slice(before);
    if (genuine ? got.length !== 1 || got[0] !== fields['Body'] : got.length > 0) counts.forged += 1;
    counts.taken += got.length;
  }
  await server.close();
  return counts;
}

interface Call {
  readonly payload: string | Buffer;
  readonly signature: string | null;
  readonly type: string;
  readonly genuine: boolean;
}
function spoil(c: Chance, fields: Record<string, string>): Call {
  const type = 'application/x-www-form-urlencoded';
  const form = (f: Record<string, string>) => new URLSearchParams(f).toString();
  const bytes = () => Buffer.from(Array.from({ length: c.below(300) }, () => c.below(256)));
  const changed = { ...fields, [c.one(['Body', 'From', 'MessageSid', 'AccountSid'])]: `YES ${c.code()}` };
  const without = Object.fromEntries(Object.entries(fields).filter(([name]) => name !== c.one(['Body', 'From', 'MessageSid'])));
  const incomplete = Object.keys(without).length < Object.keys(fields).length;
  const calls: readonly (() => Call)[] = [
    () => ({ payload: form(fields), signature: sign(fields), type, genuine: true }),
    () => ({ payload: form(fields), signature: null, type, genuine: false }),
    () => ({ payload: form(changed), signature: sign(fields), type, genuine: false }),
    () => ({ payload: form(fields), signature: Buffer.from(c.code()).toString('base64'), type, genuine: false }),
    () => ({ payload: form(without), signature: sign(without), type, genuine: !incomplete }),
    () => ({ payload: `${form(fields)}&Body=YES+${c.code()}`, signature: sign(fields), type, genuine: false }),
    () => ({ payload: bytes(), signature: sign({}), type, genuine: false }),
    () => ({
      payload: bytes(),
      signature: 'x',
      type: c.one(['application/json', 'text/plain', 'multipart/form-data', 'x']),
      genuine: false,
    }),
    () => ({ payload: `__proto__=1&constructor=2&${form(fields)}`, signature: sign(fields), type, genuine: false }),
    () => ({ payload: form(fields).slice(0, c.below(60)), signature: sign(fields), type, genuine: false }),
  ];
  return c.one(calls)();
}
