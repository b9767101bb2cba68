import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { epoch } from '@lifeboat/kernel';
import { eventually, uniqueName, within } from './contract-tools.ts';
import { NEWS_MS, type RegistryHarness, type RegistryMember } from './registry.contract-tools.ts';
import type { Lease } from './registry.ts';

type Test = (what: string, body: (h: RegistryHarness) => Promise<void>) => void;

const election = () => uniqueName('election');
const forever = new AbortController().signal;
const leads = async (m: RegistryMember, name: string, withinMs = NEWS_MS): Promise<Lease> => {
  const lease = await within('leadership', withinMs, m.registry.campaign(name, 'candidate', { signal: forever }));
  assert.ok(lease !== null);
  assert.equal(lease.valid(), true);
  assert.equal(lease.lost.aborted, false);
  return lease;
};

export function leaseTests(test: Test) {
  test('one leads, the other waits; released, the other leads under a larger epoch', async (h) => {
    const name = election();
    const [a, b] = [await h.member(), await h.member()];
    const first = await leads(a, name);
    let second: Lease | null = null;
    const waiting = b.registry.campaign(name, 'b', { signal: forever }).then((l) => {
      second = l;
      return l;
    });
    await sleep(h.sessionTimeoutMs * 1.5);
    assert.equal(second, null, 'waits while the first is alive');
    assert.equal(first.valid(), true, 'and stays valid by its heartbeats');
    await first.release();
    assert.equal(first.valid(), false);
    assert.equal(first.lost.aborted, true);
    const next = await within('the second leads', h.sessionTimeoutMs, waiting);
    assert.ok(next !== null && next.epoch > first.epoch);
    await next.release();
    assert.ok((await leads(a, name)).epoch > next.epoch, 'the first may come again');
  });
  test('elections do not touch each other', async (h) => {
    const a = await h.member();
    const [x, y] = [await leads(a, election()), await leads(a, election())];
    await x.release();
    assert.equal(y.valid(), true);
  });
  test('a candidate may give up', async (h) => {
    const name = election();
    const [a, b, c] = [await h.member(), await h.member(), await h.member()];
    const first = await leads(a, name);
    const stop = new AbortController();
    const waiting = b.registry.campaign(name, 'b', { signal: stop.signal });
    const third = c.registry.campaign(name, 'c', { signal: forever });
    await sleep(100);
    stop.abort();
    assert.equal(await within('null', NEWS_MS, waiting), null);
    await first.release();
    const next = await within('the next in line leads', h.sessionTimeoutMs, third);
    assert.ok(next?.valid());
    assert.equal(await b.registry.campaign(name, 'b', { signal: AbortSignal.abort() }), null);
  });
  test('an epoch is larger than what a gate was seen to hold', async (h) => {
    const name = election();
    const a = await h.member();
    const lease = await a.registry.campaign(name, 'a', { signal: forever, atLeast: epoch(41_000) });
    assert.ok(lease !== null && lease.epoch > 41_000);
    await lease.release();
    assert.ok((await leads(a, name)).epoch > lease.epoch);
  });
  test('closing hands over at once', async (h) => {
    const name = election();
    const [a, b] = [await h.member(), await h.member()];
    const first = await leads(a, name);
    const waiting = leads(b, name, NEWS_MS + h.sessionTimeoutMs);
    await sleep(100);
    const closed = performance.now();
    await a.registry.close();
    assert.equal(first.valid(), false);
    assert.equal(first.lost.aborted, true);
    assert.ok((await waiting).epoch > first.epoch);
    assert.ok(performance.now() - closed < h.sessionTimeoutMs);
  });
}

export function leaseFaultTests(test: Test) {
  test('a dead leader is followed by another', async (h) => {
    const name = election();
    const [a, b] = [await h.member(), await h.member()];
    const first = await leads(a, name);
    const waiting = leads(b, name, 2 * h.sessionTimeoutMs + NEWS_MS);
    await sleep(100);
    await a.kill();
    assert.ok((await waiting).epoch > first.epoch);
  });
  test('a leader that is cut off knows it before anybody else can lead', async (h) => {
    const name = election();
    const [a, b] = [await h.member(), await h.member()];
    const first = await leads(a, name);
    let lostAt = Number.POSITIVE_INFINITY;
    first.lost.addEventListener('abort', () => {
      lostAt = performance.now();
    });
    let invalidAt = Number.POSITIVE_INFINITY;
    const look = setInterval(() => {
      if (!first.valid()) invalidAt = Math.min(invalidAt, performance.now());
    }, 5);
    try {
      const waiting = leads(b, name, 2 * h.sessionTimeoutMs + NEWS_MS).then((lease) => ({
        lease,
        at: performance.now(),
        firstValid: first.valid(),
      }));
      await sleep(100);
      await a.cut();
      const second = await waiting;
      assert.equal(second.firstValid, false);
      assert.ok(invalidAt < second.at, `invalid at ${invalidAt}, followed at ${second.at}`);
      assert.ok(lostAt < second.at, `lost at ${lostAt}, followed at ${second.at}`);
      assert.ok(second.lease.epoch > first.epoch);
      await a.heal();
      await sleep(h.sessionTimeoutMs);
      assert.equal(first.valid(), false, 'what is lost stays lost');
      assert.equal(second.lease.valid(), true);
      const again = a.registry.campaign(name, 'a', { signal: forever });
      await sleep(200);
      await second.lease.release();
      const third = await within('it may lead again', 20_000, again);
      assert.ok(third !== null && third.epoch > second.lease.epoch && third.valid());
    } finally {
      clearInterval(look);
    }
  });
  test('a candidate that was cut off for long leads later all the same', async (h) => {
    const name = election();
    const [a, b] = [await h.member(), await h.member()];
    const first = await leads(a, name);
    const waiting = b.registry.campaign(name, 'b', { signal: forever });
    await sleep(100);
    await b.cut();
    await sleep(h.sessionTimeoutMs * 2);
    await b.heal();
    await eventually('b is back', () => b.registry.connected(), 20_000);
    await first.release();
    const second = await within('b leads', 20_000, waiting);
    assert.ok(second !== null && second.epoch > first.epoch && second.valid());
  });
  test('a campaign may be given up while cut off', async (h) => {
    const a = await h.member();
    await a.cut();
    const stop = new AbortController();
    const waiting = a.registry.campaign(election(), 'a', { signal: stop.signal });
    await sleep(100);
    stop.abort();
    assert.equal(await within('null', NEWS_MS + h.sessionTimeoutMs, waiting), null);
  });
}
