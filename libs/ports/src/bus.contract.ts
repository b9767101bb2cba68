import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, type BusRecord, type Delivered, type Positions, partitionName, type Subscription } from './bus.ts';
import { eventually, type Outage, refusedAs, taken, uniqueName, within } from './contract-tools.ts';

export interface BusHarness {
  readonly bus: Bus;
  readonly outage: Outage;
  close(): Promise<void>;
}

const SOON_MS = 15_000;
const LIMIT = { timeout: 90_000 };

const record = (topic: string, key: string, value: string): BusRecord => ({ topic, key, headers: { ce_type: 'contract' }, value });
const sent = (d: Delivered): BusRecord => ({ topic: d.topic, key: d.key, headers: { ...d.headers }, value: d.value });
const place = (d: Delivered) => `${partitionName(d.topic, d.partition)}@${d.offset}`;

/** A subscriber that keeps what it gets, each record once. */
async function reader(bus: Bus, topics: readonly string[], from: Positions = {}, name = 'contract') {
  const got: Delivered[] = [];
  const seen = new Set<string>();
  const subscription: Subscription = taken(
    await bus.subscribe({
      name,
      topics,
      from,
      onRecords: async (records) => {
        for (const r of records) {
          if (seen.has(place(r))) continue;
          seen.add(place(r));
          got.push(r);
        }
      },
    }),
  );
  return {
    got,
    subscription,
    has: (count: number) => eventually(`${count} records, got ${got.length}`, () => got.length >= count, SOON_MS),
  };
}

/** `open` sees to it that these topics exist; `several` of them in no case share records with another test. */
export function busContract(adapter: string, open: (topics: readonly string[]) => Promise<BusHarness>) {
  const test = (what: string, body: (bus: Bus, topic: string, other: string, outage: Outage) => Promise<void>) =>
    it(what, LIMIT, async () => {
      const [topic, other] = [uniqueName('contract.a'), uniqueName('contract.b')];
      const h = await open([topic, other]);
      try {
        await body(h.bus, topic, other, h.outage);
      } finally {
        await h.close();
      }
    });
  const semantics = () => {
    test('has caught up once everything that was there has been handed over, and not before', async (bus, topic, other) => {
      taken(await bus.publish(Array.from({ length: 20 }, (_, i) => record(topic, `h${i % 4}`, String(i)))));
      const gate = Promise.withResolvers<void>();
      let handed = 0;
      const subscription = taken(
        await bus.subscribe({
          name: 'catching up',
          topics: [topic, other],
          from: {},
          onRecords: async (records) => {
            await gate.promise;
            handed += records.length;
          },
        }),
      );
      await sleep(300);
      assert.equal(subscription.caughtUp(), false, 'nothing has been handed over yet');
      gate.resolve();
      await eventually('it has caught up', () => subscription.caughtUp(), SOON_MS);
      assert.ok(handed >= 20, `${handed} of 20 handed over`);
      await subscription.close();
    });
    test('gives records as they were published', async (bus, topic) => {
      const given = [
        record(topic, 'h1', '{"a":1}'),
        { topic, key: '主机-2', headers: { ce_id: 'x', empty: '', ce_note: '疏散 ✓' }, value: '{"原因":"電源"}' },
        record(topic, 'h3', ''),
        record(topic, 'h4', 'x'.repeat(200_000)),
      ];
      const r = await reader(bus, [topic]);
      taken(await bus.publish(given));
      await r.has(given.length);
      const byKey = (a: BusRecord, b: BusRecord) => (a.key < b.key ? -1 : 1);
      assert.deepEqual(r.got.map(sent).sort(byKey), [...given].sort(byKey));
    });
    test('keeps what nobody has read yet', async (bus, topic) => {
      taken(await bus.publish([record(topic, 'a', '1'), record(topic, 'b', '2')]));
      const r = await reader(bus, [topic]);
      await r.has(2);
    });
    test('gives only the topics asked for', async (bus, topic, other) => {
      const r = await reader(bus, [topic]);
      taken(await bus.publish([record(other, 'a', 'other'), record(topic, 'a', 'own')]));
      await r.has(1);
      await sleep(100);
      assert.deepEqual(
        r.got.map((d) => d.value),
        ['own'],
      );
    });
    test('gives everything to every subscriber, whatever its name', async (bus, topic) => {
      const [one, two] = [await reader(bus, [topic]), await reader(bus, [topic])];
      taken(await bus.publish(Array.from({ length: 20 }, (_, i) => record(topic, `k${i}`, `${i}`))));
      await one.has(20);
      await two.has(20);
    });
    test('takes an empty list', async (bus) => {
      taken(await bus.publish([]));
    });
  };
  const order = () => {
    test('keeps the order of each topic and key over many publishes', async (bus, topic, other) => {
      const r = await reader(bus, [topic, other]);
      for (let i = 0; i < 20; i++) {
        const batch = Array.from({ length: 20 }, (_, j) => record(j % 4 === 0 ? other : topic, `k${j % 7}`, String(i * 100 + j)));
        taken(await bus.publish(batch));
      }
      await r.has(400);
      const last = new Map<string, number>();
      for (const d of r.got) {
        const lane = `${d.topic} ${d.key}`;
        assert.ok(Number(d.value) > (last.get(lane) ?? -1), `${lane}: ${d.value} after ${last.get(lane)}`);
        last.set(lane, Number(d.value));
      }
    });
    test('loses none of many publishes at once', async (bus, topic) => {
      const r = await reader(bus, [topic]);
      const all = await Promise.all(Array.from({ length: 30 }, (_, i) => bus.publish([record(topic, `k${i % 5}`, `${i}`)])));
      for (const o of all) taken(o);
      await r.has(30);
      assert.equal(new Set(r.got.map((d) => d.value)).size, 30);
    });
    test('keeps one key in one partition, and offsets grow there', async (bus, topic) => {
      const r = await reader(bus, [topic]);
      taken(await bus.publish(Array.from({ length: 40 }, (_, i) => record(topic, `k${i % 8}`, `${i}`))));
      await r.has(40);
      const partition = new Map<string, number>();
      const offset = new Map<number, number>();
      for (const d of r.got) {
        assert.equal(partition.get(d.key) ?? d.partition, d.partition);
        partition.set(d.key, d.partition);
        assert.ok(d.offset > (offset.get(d.partition) ?? -1), 'offsets grow');
        offset.set(d.partition, d.offset);
      }
    });
    test('a record keeps its offset for every reader', async (bus, topic) => {
      taken(await bus.publish(Array.from({ length: 12 }, (_, i) => record(topic, `k${i}`, `${i}`))));
      const [one, two] = [await reader(bus, [topic]), await reader(bus, [topic])];
      await one.has(12);
      await two.has(12);
      assert.deepEqual(new Set(one.got.map((d) => `${place(d)} ${d.value}`)), new Set(two.got.map((d) => `${place(d)} ${d.value}`)));
    });
    test('begins where it is asked to', async (bus, topic) => {
      taken(await bus.publish(Array.from({ length: 10 }, (_, i) => record(topic, 'k', `${i}`))));
      const first = await reader(bus, [topic]);
      await first.has(10);
      const sixth = first.got[5] as Delivered;
      const later = await reader(bus, [topic], { [partitionName(topic, sixth.partition)]: sixth.offset });
      taken(await bus.publish([record(topic, 'k', '10')]));
      await later.has(6);
      assert.deepEqual(
        later.got.map((d) => d.value),
        ['5', '6', '7', '8', '9', '10'],
      );
    });
  };
  const flow = () => {
    test('holds the next records of a partition back until the last were taken', async (bus, topic) => {
      let running = 0;
      let most = 0;
      const got: string[] = [];
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      taken(
        await bus.subscribe({
          name: 'slow',
          topics: [topic],
          from: {},
          onRecords: async (records) => {
            running++;
            most = Math.max(most, running);
            got.push(...records.map((r) => r.value));
            await held;
            running--;
          },
        }),
      );
      taken(await bus.publish([record(topic, 'k', '0')]));
      await eventually('the first record', () => got.length === 1, SOON_MS);
      taken(await bus.publish([record(topic, 'k', '1'), record(topic, 'k', '2')]));
      await sleep(300);
      assert.deepEqual(got, ['0'], 'nothing more while the first is being handled');
      release();
      await eventually('the rest', () => new Set(got).size === 3, SOON_MS);
      assert.equal(most, 1);
    });
    test('never delivers inside the call of publish', async (bus, topic) => {
      const r = await reader(bus, [topic]);
      const publishing = bus.publish([record(topic, 'k', '0')]);
      assert.equal(r.got.length, 0);
      taken(await publishing);
      await r.has(1);
    });
    test('close waits for the delivery under way, and none follows', async (bus, topic) => {
      let entered = 0;
      let left = 0;
      const subscription = taken(
        await bus.subscribe({
          name: 'closing',
          topics: [topic],
          from: {},
          onRecords: async () => {
            entered++;
            await sleep(200);
            left++;
          },
        }),
      );
      taken(await bus.publish([record(topic, 'k', '0')]));
      await eventually('a delivery', () => entered === 1, SOON_MS);
      await within('close', SOON_MS, subscription.close());
      assert.equal(left, 1);
      taken(await bus.publish([record(topic, 'k', '1')]));
      await sleep(300);
      assert.equal(entered, 1);
      assert.equal(subscription.connected(), false);
    });
  };
  const refusals = () => {
    test('away: refuses within its limit, comes back by itself, and nothing is lost', async (bus, topic, _other, outage) => {
      const r = await reader(bus, [topic]);
      taken(await bus.publish([record(topic, 'k', 'before')]));
      await r.has(1);
      await outage.away();
      const away = await within('publish while away', 30_000, bus.publish([record(topic, 'k', 'during')]));
      refusedAs(away, 'BUS_UNREACHABLE');
      await eventually('connected() is false', () => !bus.connected(), SOON_MS);
      await outage.back();
      await eventually('publish works again', async () => (await bus.publish([record(topic, 'k', 'after')])).ok, 60_000);
      await eventually('it was delivered', () => r.got.some((d) => d.value === 'after'), 30_000);
      assert.equal(r.got[0]?.value, 'before');
      await eventually('connected() is true', () => bus.connected() && r.subscription.connected(), SOON_MS);
    });
    test('refuses a subscription while away', async (bus, topic, _other, outage) => {
      await outage.away();
      await eventually('away', () => !bus.connected(), SOON_MS);
      const request = { name: 'late', topics: [topic], from: {}, onRecords: async () => undefined };
      const answer = await within('subscribe while away', 30_000, bus.subscribe(request));
      refusedAs(answer, 'BUS_UNREACHABLE');
      await outage.back();
    });
    test('refuses after it was closed', async (bus, topic) => {
      await bus.close();
      refusedAs(await within('publish', SOON_MS, bus.publish([record(topic, 'k', '0')])), 'BUS_UNREACHABLE');
      assert.equal(bus.connected(), false);
    });
  };
  describe(`Bus: ${adapter}`, () => {
    describe('semantics', semantics);
    describe('order and offsets', order);
    describe('back-pressure', flow);
    describe('refusals', refusals);
  });
}
