import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LifeboatEvent } from '@lifeboat/contracts';
import { instant } from '@lifeboat/kernel';
import { evacuate, item, itemsIn, orderEvent, release, statement, type Wish, waitingIn } from './orders.ts';

const incident = 'inc-h1-1' as never;
const v = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
const placement = (n: number, to: string) => ({ vm: v(n), from: 'h1', to, alternates: [], priority: n, because: 'room' });
let sequence = 0;
const told = (type: string, data: object): LifeboatEvent =>
  ({ type, data, incident, id: 'x', source: 'scheduler/1', time: instant(1_000 + ++sequence), sequence }) as unknown as LifeboatEvent;
const plan = (...placements: object[]) => told('lifeboat.plan.made', { incident, attempt: 1, plan: { placements, unplaced: [] } });
const opened = told('lifeboat.incident.opened', { incident, hosts: ['h1'], verdict: 'host failure', at: 1 });
const all = [
  opened,
  plan(placement(1, 'h2'), placement(2, 'h3')),
  told('lifeboat.evacuation.requested', { placements: [placement(2, 'h3')] }),
];
const wish: Wish = { by: 'li.wei', at: instant(5), incident: 'inc-h1-1', vms: [], go: false, decline: false };

describe("a person's orders", () => {
  it('what waits is what was planned and not ordered', () =>
    assert.deepEqual(
      waitingIn(all, incident).map((p) => p.vm),
      [v(1)],
    ));
  it('are shown first, and given with --yes alone', () => {
    assert.equal(evacuate(all, wish).order, null);
    assert.deepEqual(evacuate(all, { ...wish, go: true }).order, {
      type: 'lifeboat.evacuation.chosen',
      data: { incident, answer: 'evacuate', placements: [{ vm: v(1), from: 'h1', to: 'h2' }], by: 'li.wei', at: 5 },
    });
    assert.equal(evacuate(all, { ...wish, decline: true }).order?.type, 'lifeboat.evacuation.chosen');
  });
  it('about what is not there are refused in words', () => {
    assert.throws(() => evacuate(all, { ...wish, vms: [v(9)] }), /no plan of inc-h1-1 has a place/);
    assert.throws(() => evacuate(all, { ...wish, incident: 'inc-other' }), /no open incident/);
    assert.throws(() => statement(all, wish), /which host/);
    assert.throws(() => release(wish), /which host/);
  });
  it('without a name everything that waits is listed, by incident and host', () => {
    const { incident: _none, ...anything } = wish;
    assert.deepEqual(evacuate(all, anything), {
      lines: [
        'inc-h1-1: 1 VMs with a place',
        '  h1: 1 VMs with a place',
        'evacuate --incident I [--host H] [--vm V ...] shows where each would go; with --yes it starts just that',
      ],
      order: null,
    });
    assert.match(evacuate([opened], anything).lines.join(), /no VM waits/);
    assert.throws(() => evacuate(all, { ...anything, go: true }), /no open incident/, 'never all at once by leaving the name out');
  });
  it('are numbered by the clock of the machine they come from', () => {
    const order = release({ ...wish, host: 'h1' }).order;
    assert.ok(order !== null);
    const e = orderEvent(order, { source: 'li.wei@desk-1', at: instant(7) });
    assert.deepEqual([e.source, e.sequence, e.time], ['console/li.wei@desk-1', 7, 7]);
    assert.notEqual(e.id, orderEvent(order, { source: 'li.wei@desk-2', at: instant(7) }).id);
  });
  it('a statement says who and when', () =>
    assert.deepEqual(statement(all, { ...wish, host: 'h1', words: 'cord out' }).order?.data, {
      host: 'h1',
      by: 'li.wei',
      words: 'cord out',
      at: 5,
    }));
  it('a statement about a host that no incident is about says so, and is given', () => {
    const said = statement(all, { ...wish, host: 'h9' });
    assert.match(said.lines.join(), /no incident is open about it: one is opened if its agent is silent/);
    assert.equal(said.order?.type, 'lifeboat.statement.made');
  });
  it('items are what was left and not closed since', () => {
    const left = [...all, told('lifeboat.vm.unevacuable', { incident, vm: v(1), host: 'h1', reason: 'PCI', at: 3 })];
    assert.deepEqual(
      itemsIn(left).map((x) => x.reason),
      ['PCI'],
    );
    assert.equal(item(left, v(1), 'dismiss', wish).order?.type, 'lifeboat.item.decided');
    assert.throws(() => item(left, v(1), 'burn', wish), /one of retry/);
    assert.deepEqual(itemsIn([...left, told('lifeboat.item.closed', { vm: v(1) })]), []);
  });
});
