import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Mailer } from './mail.ts';

/** A mail as it arrived. `messageId`: what a mail program tells mails apart by. */
export type Arrived = Readonly<{ messageId: string; to: string; subject: string; text: string }>;
export interface MailBench {
  readonly mailer: Mailer;
  arrived(): Promise<readonly Arrived[]>;
  /** An address whose mails the server refuses for good. */
  readonly refused: string;
  /** The mail server goes away, and comes back. */
  reachable(yes: boolean): Promise<void>;
  close(): Promise<void>;
}

export const mailerContract = (name: string, open: () => Promise<MailBench>) =>
  describe(`Mailer: ${name}`, () => {
    let bench: MailBench;
    before(async () => {
      bench = await open();
    });
    after(async () => {
      await bench.mailer.close();
      await bench.close();
    });
    const mail = (id: string, more = {}) => ({ id, to: 'ops@example.org', subject: 'Host compute-1 failed', text: 'Hello\n', ...more });
    const ok = { ok: true, value: undefined };

    it('brings a mail as it was written', async () => {
      const text = 'Rechner „compute-1“ ist ausgefallen.\n.\n主機 moved: 12 VMs, = 100 %\n\nFrom here: https://example.org/inc-1\n';
      assert.deepEqual(await bench.mailer.send(mail('m-1', { subject: 'Störung – 疏散 compute-1', text })), ok);
      const [got] = await bench.arrived();
      assert.deepEqual([got?.to, got?.subject, got?.text], ['ops@example.org', 'Störung – 疏散 compute-1', text]);
    });

    it('gives the same mail the same Message-ID, another mail another', async () => {
      for (const id of ['m-2', 'm-2', 'm-3']) assert.deepEqual(await bench.mailer.send(mail(id, { to: `${id}@example.org` })), ok);
      const ids = new Map((await bench.arrived()).map((m) => [m.to, m.messageId]));
      const second = (await bench.arrived()).filter((m) => m.to === 'm-2@example.org');
      assert.equal(new Set(second.map((m) => m.messageId)).size, 1);
      assert.notEqual(ids.get('m-2@example.org'), ids.get('m-3@example.org'));
    });

    it('says that a recipient is refused', async () => {
      const answer = await bench.mailer.send(mail('m-4', { to: bench.refused }));
      assert.equal(answer.ok ? 'ok' : answer.code, 'MAIL_REFUSED');
      assert.match(answer.ok ? '' : answer.detail, new RegExp(bench.refused.replace(/[.+]/g, '\\$&')));
    });

    it('says that the server is away, and sends when it is back', async () => {
      await bench.reachable(false);
      const answer = await bench.mailer.send(mail('m-5'));
      assert.equal(answer.ok ? 'ok' : answer.code, 'MAIL_UNREACHABLE');
      await bench.reachable(true);
      assert.deepEqual(await bench.mailer.send(mail('m-5', { to: 'back@example.org' })), ok);
      assert.equal((await bench.arrived()).filter((m) => m.to === 'back@example.org').length, 1);
    });
  });
