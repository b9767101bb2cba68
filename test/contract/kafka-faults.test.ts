import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKafka } from '@lifeboat/adapters-kafka';
import { topics } from '@lifeboat/contracts';
import { type Bus, type BusRecord, type Delivered, type Positions, partitionName } from '@lifeboat/ports';
import { startKafka } from '../servers/index.ts';

const record = (topic: string, key: string, value: string): BusRecord => ({ topic, key, value, headers: {} });
const until = async (what: string, holds: () => boolean, ms = 20_000) => {
  for (let waited = 0; !holds(); waited += 20) {
    assert.ok(waited < ms, `${what}: not within ${ms} ms`);
    await sleep(20);
  }
};
/** Publishes as a service's outbox does: one after another, each again until it was taken. */
const publishAll = async (bus: Bus, records: readonly BusRecord[], pauseMs: number) => {
  let refusals = 0;
  for (const r of records) {
    while (!(await bus.publish([r])).ok) {
      refusals++;
      await sleep(100);
    }
    await sleep(pauseMs);
  }
  return refusals;
};
const firstTimes = (records: readonly Delivered[], key: string) => [...new Set(records.filter((r) => r.key === key).map((r) => r.value))];
const assertOffsetsGrow = (records: readonly Delivered[]) => {
  const last = new Map<string, number>();
  for (const r of records) {
    const name = partitionName(r.topic, r.partition);
    assert.ok(r.offset > (last.get(name) ?? -1), `${name}: offset ${r.offset} after ${last.get(name)}`);
    last.set(name, r.offset);
  }
};

describe('Kafka, and what only Kafka does', { timeout: 120_000 }, () => {
  let kafka: Awaited<ReturnType<typeof startKafka>>;
  const buses: Bus[] = [];
  const warnings: string[] = [];
  const open = () => {
    const bus = openKafka({
      brokers: kafka.brokers,
      clientId: 'test',
      log: (level, message) => void (level === 'warn' && warnings.push(message)),
    });
    buses.push(bus);
    return bus;
  };
  const collect = async (bus: Bus, of: readonly string[], from: Positions = {}) => {
    const records: Delivered[] = [];
    const onRecords = async (some: readonly Delivered[]) => void records.push(...some);
    const opened = await bus.subscribe({ name: 'test', topics: of, from, onRecords });
    assert.ok(opened.ok, 'subscribed');
    return { records, subscription: opened.value };
  };
  before(async () => {
    kafka = await startKafka();
  });
  after(async () => {
    await Promise.all(buses.map((b) => b.close()));
    await kafka.stop();
  });

  it('twenty publishes at once are twenty records, in order for each key', async () => {
    const bus = open();
    const { records } = await collect(bus, [topics.nodes]);
    const published = await Promise.all(Array.from({ length: 20 }, (_, i) => bus.publish([record(topics.nodes, `k${i % 3}`, String(i))])));
    assert.deepEqual(
      published.filter((p) => !p.ok),
      [],
    );
    await until('all records', () => records.length >= 20);
    await sleep(300);
    assert.equal(records.length, 20);
    for (const key of ['k0', 'k1', 'k2'])
      assert.deepEqual(
        firstTimes(records, key),
        Array.from({ length: 20 }, (_, i) => i)
          .filter((i) => `k${i % 3}` === key)
          .map(String),
      );
  });

  it('a broker killed and restarted in the middle: nothing lost, nothing overtaken, reading goes on by itself', async () => {
    const bus = open();
    const { records } = await collect(bus, [topics.agents]);
    const sent = Array.from({ length: 120 }, (_, i) => record(topics.agents, `host-${i % 4}`, String(i)));
    const publishing = publishAll(bus, sent, 10);
    await until('some records', () => records.length >= 30);
    await kafka.kill();
    await sleep(500);
    assert.equal(bus.connected(), false);
    await kafka.restart();
    const refusals = await publishing;
    assert.ok(refusals > 0, 'the broker was away while publishing');
    await until('all records', () => new Set(records.map((r) => r.value)).size === 120);
    for (let k = 0; k < 4; k++)
      assert.deepEqual(
        firstTimes(records, `host-${k}`),
        sent.filter((r) => r.key === `host-${k}`).map((r) => r.value),
      );
    assertOffsetsGrow(records);
    await until('connected again', () => bus.connected());
  });

  it('a broker that stands still for some seconds: nothing lost, nothing overtaken', async () => {
    const bus = open();
    const { records } = await collect(bus, [topics.faults]);
    const sent = Array.from({ length: 60 }, (_, i) => record(topics.faults, `k${i % 2}`, String(i)));
    const publishing = publishAll(bus, sent, 10);
    await until('some records', () => records.length >= 10);
    await kafka.pause();
    await sleep(4_000);
    await kafka.resume();
    await publishing;
    await until('all records', () => new Set(records.map((r) => r.value)).size === 60);
    for (const key of ['k0', 'k1'])
      assert.deepEqual(
        firstTimes(records, key),
        sent.filter((r) => r.key === key).map((r) => r.value),
      );
    assertOffsetsGrow(records);
  });

  it('a slow handler of one partition does not hold up another', async () => {
    const bus = open();
    const records: Delivered[] = [];
    let slow: number | undefined;
    let release: () => void = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const onRecords = async (some: readonly Delivered[]) => {
      records.push(...some);
      slow ??= some[0]?.partition;
      if (some[0]?.partition === slow) await released;
    };
    const opened = await bus.subscribe({ name: 'slow', topics: [topics.incidents], from: {}, onRecords });
    assert.ok(opened.ok);
    assert.ok((await bus.publish([record(topics.incidents, 'first', '0')])).ok);
    await until('the slow handler', () => slow !== undefined);
    const many = Array.from({ length: 40 }, (_, i) => record(topics.incidents, `key-${i}`, 'x'));
    const began = performance.now();
    for (const r of many) assert.ok((await bus.publish([r])).ok);
    const others = () => records.filter((r) => r.partition !== slow).length;
    await until('the other partitions', () => others() >= 20, 5_000);
    assert.ok(performance.now() - began < 5_000);
    assert.equal(records.filter((r) => r.partition === slow).length, 1);
    release();
    await until('the rest', () => records.length === 41);
    assertOffsetsGrow(records);
  });

  it('a handler that fails gets the same records again, and what follows after them', async () => {
    const bus = open();
    const records: Delivered[] = [];
    let failures = 2;
    const onRecords = async (some: readonly Delivered[]) => {
      if (failures-- > 0) throw new Error('not now');
      records.push(...some);
    };
    assert.ok((await bus.subscribe({ name: 'failing', topics: [topics.migrations], from: {}, onRecords })).ok);
    for (const v of ['a', 'b', 'c']) assert.ok((await bus.publish([record(topics.migrations, 'k', v)])).ok);
    await until('all', () => records.length === 3);
    assert.deepEqual(
      records.map((r) => r.value),
      ['a', 'b', 'c'],
    );
  });

  it('reads on from the positions given, and from the beginning where the log has not got them', async () => {
    const bus = open();
    for (let i = 0; i < 5; i++) assert.ok((await bus.publish([record(topics.confirmations, 'one', String(i))])).ok);
    const all = await collect(bus, [topics.confirmations]);
    await until('all', () => all.records.length === 5);
    const name = partitionName(topics.confirmations, all.records[0]?.partition ?? -1);
    const rest = await collect(bus, [topics.confirmations], { [name]: (all.records[2]?.offset ?? 0) + 1 });
    await until('the rest', () => rest.records.length >= 2);
    await sleep(300);
    assert.deepEqual(
      rest.records.map((r) => r.value),
      ['3', '4'],
    );
    const beyond = await collect(bus, [topics.confirmations], { [name]: 1_000_000 });
    await until('from the beginning', () => beyond.records.length === 5);
    assert.ok(warnings.some((w) => w.includes('not in the log')));
  });

  it('a batch larger than one message may be goes through, in order', async () => {
    const bus = open();
    const { records } = await collect(bus, [topics.deadLetters]);
    const big = Array.from({ length: 60 }, (_, i) => record(topics.deadLetters, 'k', `${i}:${'x'.repeat(100_000)}`));
    assert.ok((await bus.publish(big)).ok);
    await until('all', () => records.length === 60);
    assert.deepEqual(
      records.map((r) => Number(r.value.split(':')[0])),
      big.map((_, i) => i),
    );
  });

  it('costs next to nothing when idle', async () => {
    const bus = open();
    await collect(bus, Object.values(topics));
    await sleep(2_000);
    const before = process.cpuUsage();
    await sleep(4_000);
    const { user, system } = process.cpuUsage(before);
    const share = (user + system) / 4_000_000;
    process.stderr.write(`idle: ${(share * 100).toFixed(2)} % of a core with ${buses.length} buses\n`);
    assert.ok(share < 0.15, `${(share * 100).toFixed(1)} % of a core`);
  });
});
