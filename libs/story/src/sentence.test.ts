import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { decode, type EventType, type LifeboatEvent } from '@lifeboat/contracts';
import { incidentId, type VmId, vmId } from '@lifeboat/kernel';
import { namesIn, sentence, tellStory, vmCalled } from './index.ts';

const folder = new URL('../../contracts/recorded/', import.meta.url);
const recorded = readdirSync(folder).map((file) => {
  const { headers, data } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  const read = decode({ headers, value: JSON.stringify(data) });
  assert.ok(read.ok, file);
  return read.event;
});
const web = vmId('00000000-0000-4000-8000-000000000001');
const told = (type: EventType, data: object, time: number): LifeboatEvent =>
  ({ type, data, time, source: 'scheduler/1', sequence: time, incident: 'inc-a' }) as unknown as LifeboatEvent;

describe('what an event says', () => {
  it('is one whole sentence in every language, for every event that was ever recorded', () => {
    for (const e of recorded)
      for (const language of ['en', 'zh-CN'] as const) {
        const said = sentence(e, language);
        assert.doesNotMatch(said, /undefined|\[object|NaN|\n/, `${e.type}: ${said}`);
        if (language === 'zh-CN') assert.match(said, /\p{Script=Han}/u, `${e.type}: ${said}`);
      }
  });
  it('calls a VM by its name and its id; by its id alone where nobody has said its name', () => {
    assert.equal(vmCalled(web, 'web-1'), `web-1 (${web})`);
    for (const none of [undefined, '', ' \n ']) assert.equal(vmCalled(web, none), web);
  });
  it("takes a name for what it is, its owner's words: one short line", () => {
    assert.equal(vmCalled(web, 'a\r\nBcc: x\u202e\u0007y'), `a Bcc: x y (${web})`);
    assert.equal(vmCalled(web, '虚'.repeat(200)), `${'虚'.repeat(60)}… (${web})`);
  });
  it('has the names of the story that it is in', () => {
    const events = [
      told('lifeboat.plan.made', { plan: { placements: [{ vm: web, name: 'web-1' }], unplaced: [], certificate: { upperBound: 1 } } }, 1),
      told('lifeboat.vm.verified', { vm: web, host: 'b' }, 2),
    ];
    const [, , english] = tellStory(events, incidentId('inc-a'));
    assert.match(english ?? '', /VM web-1 \(00.*\) runs on b, seen by its agent$/);
    const [head, , chinese] = tellStory(events, incidentId('inc-a'), 'zh-CN');
    assert.match(`${head} ${chinese}`, /^inc-a，始于 .* 虚拟机 web-1 \(00.*\) 已在 b 运行，经其代理确认$/);
    const names = new Map<VmId, string>();
    namesIn(
      told(
        'lifeboat.agent.registered',
        {
          vms: [
            { vm: web, name: 'w' },
            { vm: 'x', name: '' },
          ],
        },
        1,
      ),
      names,
    );
    assert.deepEqual([...names], [[web, 'w']]);
  });
});
