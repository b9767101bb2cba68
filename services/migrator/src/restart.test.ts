import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostId, incidentId } from '@lifeboat/kernel';
import type { RestartEffect } from './effects.ts';
import { Orders, v } from './orders.test.ts';
import { wanted } from './service.ts';

const incident = incidentId('inc-vm-1');
const requested = (how: 'reboot' | 'resume' = 'reboot'): { o: Orders; e: RestartEffect } => {
  const o = new Orders();
  const of = { incident, vm: v(1), host: hostId('h1'), epoch: 1, at: o.at };
  o.hear('lifeboat.restart.requested', { ...of, how, attempt: 1, since: o.at }).run(1);
  return { o, e: o.owedOf('restart') as RestartEffect };
};
const recall = (o: Orders, epoch = 1) =>
  o.hear('lifeboat.restart.recalled', { incident, vm: v(1), host: hostId('h1'), reason: 'it runs again', epoch, at: o.at });

describe('a restart that is recalled', () => {
  it('while it is in hand: a reboot is not begun any more, and nobody is told that it failed', () => {
    const { o, e } = requested();
    assert.ok(wanted(o.state, e));
    assert.ok(wanted(recall(o, 0).state, e), 'an older leader says nothing');
    assert.equal(wanted(recall(o).state, e), false);
    o.settle('restart', { kind: 'not-restarted', then: 'retry', code: 'LEASE_LOST', detail: '' });
    assert.deepEqual([o.words('restart'), o.state.restarts.size], [[], 0]);
  });
  it('when it had been begun: its end is told', () => {
    const { o } = requested();
    recall(o).settle('restart', { kind: 'restarted', host: hostId('h1'), adopted: true });
    assert.equal(o.words('vm.restarted').length, 1);
  });
  it('a resume goes on: at its pause it must not be left', () => {
    const { o, e } = requested('resume');
    assert.ok(wanted(recall(o).state, e));
  });
});
