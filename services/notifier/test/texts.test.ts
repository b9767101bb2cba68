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
};
const golden = new URL('./texts.golden.txt', import.meta.url);

describe('what the mails say', () => {
  const notices = sampleEvents.map(({ name, event }) => ({ name, notice: noticeOf(event, 'lab', memo) }));

  // UPDATE=1 writes the file anew; read what changed before it is committed.
  it('is what was read and agreed (texts.golden.txt)', () => {
    const mail = (n: Notice[]) => {
      const m = compose('lab', 'night shift', n, instant(0));
      return `Subject: ${m.subject}\n\n${m.text}`;
    };
    const one = notices.map(({ name, notice }) => `######## ${name}\n${notice === null ? 'none\n' : mail([notice])}`);
    const all = `######## all in one mail\n${mail(notices.flatMap((n) => n.notice ?? []))}`;
    const text = [...one, all].join('\n');
    if (process.env['UPDATE'] === '1') writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, 'utf8'));
  });

  for (const { name, event } of sampleEvents)
    it(`is tried on events that fit their schema: ${name}`, () => assert.doesNotThrow(() => encode(event)));
});
