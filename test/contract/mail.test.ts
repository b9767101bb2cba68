import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { smtpMailer } from '@lifeboat/adapters-mail';
import { type Arrived, mailerContract } from '@lifeboat/ports/mail.contract';
import { SMTPServer } from 'smtp-server';

const dir = mkdtempSync(join(tmpdir(), 'lifeboat-mail-'));
after(() => rmSync(dir, { recursive: true }));
const [key, cert] = ['key.pem', 'cert.pem'].map((f) => join(dir, f)) as [string, string];
execFileSync(
  'openssl',
  [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=lab',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-keyout',
    key,
    '-out',
    cert,
  ],
  { stdio: 'ignore' },
);
const ca = readFileSync(cert, 'utf8');

/** What a mail program does with a message of plain text: unfold, decode headers, undo the transfer encoding. */
const parsed = (raw: string): Omit<Arrived, 'to'> & { to: string } => {
  const cut = raw.indexOf('\r\n\r\n');
  const headers = new Map(
    raw
      .slice(0, cut)
      .replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((l) => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 2)]),
  );
  const hex = (s: string) =>
    Buffer.from(
      s.replace(/=([0-9A-F]{2})/g, (_, h: string) => String.fromCharCode(Number.parseInt(h, 16))),
      'latin1',
    ).toString('utf8');
  const word = (s: string) =>
    s
      .replace(/\?=\s+=\?/g, '?==?')
      .replace(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_, kind: string, text: string) =>
        kind.toLowerCase() === 'b' ? Buffer.from(text, 'base64').toString('utf8') : hex(text.replaceAll('_', ' ')),
      );
  const body = raw.slice(cut + 4);
  const encoding = headers.get('content-transfer-encoding');
  const text =
    encoding === 'base64'
      ? Buffer.from(body, 'base64').toString('utf8')
      : encoding === 'quoted-printable'
        ? hex(body.replace(/=\r\n/g, ''))
        : body;
  return {
    messageId: headers.get('message-id') ?? '',
    to: word(headers.get('to') ?? ''),
    subject: word(headers.get('subject') ?? ''),
    text: text.replaceAll('\r\n', '\n'),
  };
};

/** A real SMTP server on a port of its own that can be switched off and on. */
const server = async (secure: boolean) => {
  const arrived: Arrived[] = [];
  const make = () =>
    new SMTPServer({
      secure,
      key: readFileSync(key),
      cert: ca,
      authOptional: false,
      logger: false,
      closeTimeout: 100,
      onAuth: (auth, _session, cb) =>
        cb(auth.username === 'ha' && auth.password === 'lab' ? null : new Error('wrong password'), { user: 'ha' }),
      onRcptTo: (address, _session, cb) => {
        const refusal = { 'nobody@example.org': 550, 'later@example.org': 451 }[address.address];
        cb(refusal === undefined ? null : Object.assign(new Error('no such recipient here'), { responseCode: refusal }));
      },
      onData: (stream, _session, cb) => {
        const parts: Buffer[] = [];
        stream.on('data', (b: Buffer) => parts.push(b));
        stream.on('end', () => {
          arrived.push(parsed(Buffer.concat(parts).toString('utf8')));
          cb(null, 'taken');
        });
      },
    });
  let running = make();
  // Connections cut in mid-word by a switched-off server are what the test is about.
  const listen = (port: number) =>
    new Promise<number>((resolve) => {
      running.on('error', () => undefined);
      const s = running.listen(port, '127.0.0.1', () => resolve((s.address() as { port: number }).port));
    });
  const stop = () => new Promise<void>((resolve) => running.close(() => resolve()));
  const port = await listen(0);
  const reachable = async (yes: boolean) => {
    if (!yes) return stop();
    running = make();
    await listen(port);
  };
  return { port, arrived, reachable, stop };
};

const from = 'Lifeboat <ha@example.org>';
const auth = { user: 'ha', password: 'lab' };
for (const tls of ['starttls', 'tls'] as const)
  mailerContract(`SMTP, ${tls}, with a login`, async () => {
    const s = await server(tls === 'tls');
    return {
      mailer: smtpMailer({ host: '127.0.0.1', port: s.port, tls, auth, from, ca, timeLimitMs: 3_000 }),
      arrived: async () => s.arrived,
      refused: 'nobody@example.org',
      reachable: s.reachable,
      close: s.stop,
    };
  });

describe('smtpMailer', () => {
  const codeWith = async (more: object, to = 'ops@example.org') => {
    const s = await server(false);
    const mailer = smtpMailer({ host: '127.0.0.1', port: s.port, tls: 'starttls', auth, from, ca, timeLimitMs: 3_000, ...more });
    const answer = await mailer.send({ id: 'm', to, subject: 's', text: 't' });
    await mailer.close();
    await s.stop();
    return answer.ok ? 'ok' : `${answer.code} ${answer.detail}`;
  };
  it('does not trust a certificate nobody vouches for', async () =>
    assert.match(await codeWith({ ca: undefined }), /^MAIL_UNREACHABLE .*certificate/));
  it('keeps a mail whose login failed for a later try', async () =>
    assert.match(await codeWith({ auth: { user: 'ha', password: 'x' } }), /^MAIL_UNREACHABLE .*EAUTH/));
  it('keeps a mail refused for now (4xx) for a later try', async () =>
    assert.match(await codeWith({}, 'later@example.org'), /^MAIL_UNREACHABLE/));
  it('refuses what is no address', async () => assert.match(await codeWith({}, ''), /^MAIL_REFUSED/));
  it('cannot be made to write headers', async () => {
    const s = await server(false);
    const mailer = smtpMailer({ host: '127.0.0.1', port: s.port, tls: 'starttls', auth, from, ca });
    await mailer.send({ id: 'm', to: 'ops@example.org', subject: 'a\r\nBcc: all@example.org', text: 't' });
    assert.deepEqual(
      s.arrived.map((m) => m.to),
      ['ops@example.org'],
    );
    assert.match(s.arrived[0]?.subject ?? '', /^a\s+Bcc: all@example.org$/);
    await mailer.close();
    await s.stop();
  });
  it('gives up on a server that accepts and says nothing', async () => {
    const mute = createServer();
    await new Promise<void>((r) => mute.listen(0, '127.0.0.1', r));
    const began = performance.now();
    const mailer = smtpMailer({
      host: '127.0.0.1',
      port: (mute.address() as { port: number }).port,
      tls: 'starttls',
      from,
      timeLimitMs: 500,
    });
    const answer = await mailer.send({ id: 'm', to: 'ops@example.org', subject: 's', text: 't' });
    assert.equal(answer.ok ? 'ok' : answer.code, 'MAIL_UNREACHABLE');
    assert.ok(performance.now() - began < 1_500);
    await mailer.close();
    mute.close();
  });
});
