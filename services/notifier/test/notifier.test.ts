import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBus, MemoryInbox, MemoryRegistryCore, MemoryStateStore, memoryPhones, VirtualClock } from '@lifeboat/adapters-memory';
import { encode } from '@lifeboat/contracts';
import { clusterId, done, failed, hostId, instant, rackId } from '@lifeboat/kernel';
import type { Inbound, Mail, Mailer } from '@lifeboat/ports';
import { Shell } from '@lifeboat/runtime';
import { notifier, notifierSettings, notifierWorld } from '../src/index.ts';
import { sampleEvents } from './samples.ts';

const settings = notifierSettings({
  region: 'lab',
  clusters: [{ cluster: clusterId('web'), contacts: ['night shift'] }],
  racks: [{ rack: rackId('r1') }],
  hosts: [{ host: hostId('compute-3'), cluster: clusterId('web'), rack: rackId('r1'), managementAddress: 'm', fence: [] }],
  contacts: [{ name: 'night shift', email: 'night@example.org' }],
});

describe('notifier in its shell', () => {
  it('sends one mail through an outage of the mail server and a change of leader', async () => {
    const clock = new VirtualClock(instant(1_000_000));
    const core = new MemoryRegistryCore(clock, { sessionTimeoutMs: 4_000 });
    const bus = new MemoryBus(clock);
    const store = new MemoryStateStore(clock);
    const box: Mail[] = [];
    let up = false;
    const mailer: Mailer = {
      send: async (mail) => {
        if (!up) return failed('MAIL_UNREACHABLE', 'down');
        box.push(mail);
        return done;
      },
      close: async () => undefined,
    };
    const lead = async (ms: number, instance: string) => {
      const registry = core.client(instance);
      const stop = new AbortController();
      const ended = new Shell(notifier(settings), notifierWorld({ mailer, clock }), {
        bus: bus.client(),
        store,
        registry,
        clock,
        instance,
      }).run(stop.signal);
      await clock.runFor(ms);
      stop.abort();
      await clock.runFor(500);
      await ended;
      await registry.close();
    };
    const events = sampleEvents.filter((s) => s.event.incident !== undefined).map((s) => encode(s.event));
    assert.ok((await bus.publish([...events, ...events])).ok);
    await lead(5_000, 'n1');
    await lead(20_000, 'n2');
    assert.equal(box.length, 0);
    up = true;
    await lead(60_000, 'n3');
    assert.equal(box.length, 1);
    assert.match(box[0]?.subject ?? '', /^\[Lifeboat lab\] .* \(and \d+ more\)$/);
    const told = bus.records('lifeboat.confirmations').map((r) => r.headers['ce_type']);
    const given = [...events, ...events].map((r) => r.headers['ce_type']).filter((t) => t === 'lifeboat.items.waiting');
    assert.deepEqual(told, [...given, 'lifeboat.notice.sent'], 'beside what it was given, one mail');
  });

  it('counts what comes in, keeps receipts, and tells of a way for answers that stays closed', async () => {
    const clock = new VirtualClock(instant(1_000_000));
    const core = new MemoryRegistryCore(clock, { sessionTimeoutMs: 4_000 });
    const bus = new MemoryBus(clock);
    const phones = memoryPhones(clock);
    const box = new MemoryInbox('e-mail', clock);
    const named = (name: string, i: Inbound): Inbound => ({ name, listen: (h, s) => i.listen(h, s), trouble: () => i.trouble() });
    const inbound = [named('phones', phones.inbound), named('mailbox', box)];
    const counted: string[] = [];
    const world = notifierWorld({
      mailer: { send: async () => done, close: async () => undefined },
      ...{ texts: phones.sender, inbound, clock, count: (as) => counted.push(as) },
    });
    const registry = core.client('n1');
    const stop = new AbortController();
    const shell = { bus: bus.client(), store: new MemoryStateStore(clock), registry, clock, instance: 'n1' };
    const ended = new Shell(notifier(settings), world, shell).run(stop.signal);
    await clock.runFor(1_000);
    phones.reply('+15550100999', 'YES 482193');
    box.write('night@example.org', 'I am away', { automatic: 'auto-reply' });
    phones.settle('of-nobody', 'delivered');
    box.reachable(false);
    await clock.runFor(70_000);
    box.reachable(true);
    await clock.runFor(10_000);
    stop.abort();
    await clock.runFor(500);
    await ended;
    const told = bus.records('lifeboat.confirmations').map((r) => r.headers['ce_type']?.replace('lifeboat.', ''));
    assert.deepEqual(counted.sort(), ['auto-reply', 'receipt: other', 'unknown-sender']);
    assert.deepEqual(
      told.filter((t) => !t?.startsWith('notice')),
      ['answer.ignored', 'channel.troubled', 'answer.ignored', 'channel.restored'],
      'what waits in the mailbox is read when it is open again',
    );
  });
});
