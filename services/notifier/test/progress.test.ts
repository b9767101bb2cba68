import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Desk, incident } from './desk.ts';

const placement = (n: number) => ({ vm: `v${n}`, from: 'compute-3', to: 'compute-4', alternates: [], priority: n, because: 'room' });
const opened = (d: Desk) =>
  d.hears('lifeboat.incident.opened', {
    ...{ verdict: 'host failure', rule: 'r', hosts: ['compute-3'], clusters: ['web'] },
    ...{ highAvailability: true, automation: 'automatic' },
  });
const planned = (d: Desk) =>
  d.hears('lifeboat.plan.made', { attempt: 1, plan: { placements: [1, 2, 3, 4].map(placement), unplaced: [], certificate: {} } });
const verified = (d: Desk, n: number) => d.hears('lifeboat.vm.verified', { vm: `v${n}`, host: 'compute-4' });
const progress = (d: Desk) => d.mails.map((m) => m.mail.subject).filter((s) => /run again/.test(s));

describe('an evacuation that takes long', () => {
  const under = () => verified(planned(opened(new Desk())).after(1), 1);
  it('is told of every five minutes, as long as more VMs run than were told of', () => {
    const d = verified(under().after(2), 2);
    assert.deepEqual(progress(d.after(1)), []);
    d.after(1).after(1);
    assert.match(progress(d)[0] ?? '', /compute-3: 2 of 4 VMs run again/);
    assert.match(d.mails.at(-1)?.mail.text ?? '', /under way, for 5 min 0 s/);
    assert.equal(progress(d.after(5).after(5)).length, 1, 'nothing has changed');
    assert.equal(progress(verified(d, 3).after(1).after(1)).length, 2);
    assert.deepEqual([...new Set(d.mails.map((m) => m.mail.to))], ['jan@example.org']);
  });
  it('is told of to each in its own language, and never once it is over', () => {
    const people = new Map([['Jan', { name: 'Jan', email: 'jan@example.org', language: 'zh-CN' as const }]]);
    const d = verified(planned(opened(new Desk({ people }))), 1)
      .after(5)
      .after(1);
    assert.ok(d.mails.some((m) => m.mail.subject.includes('4 台虚拟机中 1 台已恢复运行')));
    const over = under().hears('lifeboat.incident.closed', { hosts: ['compute-3'], outcome: 'evacuated', vms: [], openedAt: 1 });
    assert.deepEqual(progress(over.after(6).after(1)), []);
    assert.equal(over.state.incidents.get(incident)?.closed, true);
  });
});
