import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { encode } from '@lifeboat/contracts';
import { clusterId, hostId, incidentId, instant } from '@lifeboat/kernel';
import { compose } from '../src/decide/mails.ts';
import { noticeOf } from '../src/decide/texts.ts';
import type { Notice } from '../src/state.ts';
import { sampleEvents } from './samples.ts';

const memo = {
  hosts: [hostId('compute-3')],
  clusters: [clusterId('web')],
  verdict: 'host failure' as const,
  at: instant(0),
  closed: false,
  asksSince: null,
};
const goldens = { en: new URL('./texts.golden.txt', import.meta.url), 'zh-CN': new URL('./texts-zh.golden.txt', import.meta.url) } as const;

describe('what the mails say', () => {
  // UPDATE=1 writes the files anew; read what changed before they are committed.
  for (const language of ['en', 'zh-CN'] as const)
    it(`is what was read and agreed, in ${language}`, () => {
      const notices = sampleEvents.map(({ name, event }) => ({ name, notice: noticeOf(event, 'lab', memo, language) }));
      const mail = (n: Notice[]) => {
        const m = compose('lab', 'night shift', n, instant(0), language);
        return `Subject: ${m.subject}\n\n${m.text}`;
      };
      const one = notices.map(({ name, notice }) => `######## ${name}\n${notice === null ? 'none\n' : mail([notice])}`);
      const all = `######## all in one mail\n${mail(notices.flatMap((n) => n.notice ?? []))}`;
      const text = [...one, all].join('\n');
      if (process.env['UPDATE'] === '1') writeFileSync(goldens[language], text);
      assert.equal(text, readFileSync(goldens[language], 'utf8'));
    });

  const note = (of: string, urgency: Notice['urgency'], subject: string): Notice => ({
    ...{ urgency, subject, text: subject, at: instant(0), incident: incidentId(`inc-${of}`) },
    id: urgency === 'done' ? `closed/inc-${of}` : `${of}/${subject}`,
  });
  const subjectOf = (...n: Notice[]) => compose('lab', 'x', n, instant(0)).subject;
  const [failed, ended] = [note('a', 'failed', 'a: host power failure'), note('a', 'done', 'a: closed')];
  it('of an incident that is over already, how it ended', () => {
    assert.equal(subjectOf(failed), '[Lifeboat lab] a: host power failure');
    assert.equal(subjectOf(failed, ended), '[Lifeboat lab] a: closed (and 1 more)');
  });
  it('but first what asks for somebody, and what else has failed', () => {
    assert.equal(subjectOf(failed, note('a', 'asks', 'ACT: a'), ended), '[Lifeboat lab] ACT: a (and 2 more)');
    assert.equal(subjectOf(failed, ended, note('b', 'failed', 'b: host failure')), '[Lifeboat lab] b: host failure (and 2 more)');
  });

  for (const { name, event } of sampleEvents)
    it(`is tried on events that fit their schema: ${name}`, () => assert.doesNotThrow(() => encode(event)));
});
