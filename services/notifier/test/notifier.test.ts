import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBus, MemoryRegistryCore, MemoryStateStore, VirtualClock } from '@lifeboat/adapters-memory';
import { encode } from '@lifeboat/contracts';
import { clusterId, done, failed, hostId, instant, rackId } from '@lifeboat/kernel';
import type { Mail, Mailer } from '@lifeboat/ports';
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
      const ended = new Shell(notifier(settings), notifierWorld({ mailer }), { bus: bus.client(), store, registry, clock, instance }).run(
        stop.signal,
      );
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
    assert.match(box[0]?.subject ?? '', /^\[Lifeboat lab\] ACT: .* \(and \d+ more\)$/);
    const told = bus.records('lifeboat.confirmations').map((r) => r.headers['ce_type']);
    assert.deepEqual(told, ['lifeboat.notice.sent']);
  });
});
