import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { encode } from '@lifeboat/contracts';
import { clusterId, hostId, instant } from '@lifeboat/kernel';
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

  for (const { name, event } of sampleEvents)
    it(`is tried on events that fit their schema: ${name}`, () => assert.doesNotThrow(() => encode(event)));
});
