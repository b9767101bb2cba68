import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRedis } from '@lifeboat/adapters-redis';
import { epoch } from '@lifeboat/kernel';
import { eventually, refusedAs, taken, uniqueName, within } from '@lifeboat/ports/contract-tools';
import { stateContract } from '@lifeboat/ports/state-store.contract';
import { startRedis } from '../servers/index.ts';
import { tcpLink } from './tcp-link.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
before(async () => {
  server = await startRedis();
});
after(() => server.stop());

const contract = (adapter: string, away: () => Promise<void>, back: () => Promise<void>) =>
  stateContract(adapter, async () => {
    const prefix = uniqueName('contract');
    const opened = [openRedis(server.url, { prefix })];
    const reopen = async () => {
      const again = openRedis(server.url, { prefix });
      opened.push(again);
      return again;
    };
    const [{ store, ledger }] = opened as [(typeof opened)[0]];
    const close = async () => void (await Promise.all(opened.map((o) => o.close())));
    return { store, ledger, outage: { away, back }, reopen, close };
  });

contract(
  'Redis, killed and started again',
  () => server.kill(),
  () => server.restart(),
);
contract(
  'Redis, hanging for a while',
  () => server.pause(),
  () => server.resume(),
);

describe('Redis: calls that were given up', () => {
  it('a commit that arrives after a later one of its sender changes nothing', { timeout: 30_000 }, async () => {
    const { hostname, port } = new URL(server.url);
    const link = await tcpLink({ host: hostname, port: Number(port) });
    const redis = openRedis(`redis://127.0.0.1:${link.port}`, { prefix: uniqueName('late'), timeLimitMs: 500 });
    const row = (value: string) => ({ t: { put: { k: value }, del: [] } });
    try {
      taken(await redis.store.commit('s', epoch(1), row('first')));
      await link.cutOld();
      refusedAs(await redis.store.commit('s', epoch(1), row('late')), 'STORE_UNREACHABLE');
      await eventually('a commit is taken', async () => (await redis.store.commit('s', epoch(1), row('last'))).ok, 10_000);
      await link.heal();
      await sleep(300);
      assert.deepEqual(taken(await redis.store.read('s')), { t: { k: 'last' } });
    } finally {
      await redis.close();
      await link.close();
    }
  });
  it('a server that hangs is noticed without asking, and one that never was is said so', { timeout: 30_000 }, async () => {
    const redis = openRedis(server.url, { prefix: uniqueName('hang'), timeLimitMs: 500 });
    const nobody = openRedis('redis://127.0.0.1:1', { prefix: 'x' });
    try {
      await eventually('connected', redis.connected, 5_000);
      await server.pause();
      await eventually('noticed', () => !redis.connected(), 5_000);
      await server.resume();
      await eventually('connected again', redis.connected, 10_000);
      const answer = await within('an answer', 3_000, nobody.ledger.claim(epoch(1)));
      refusedAs(answer, 'STORE_UNREACHABLE');
      assert.match(answer.ok ? '' : answer.detail, /127\.0\.0\.1:1.*ECONNREFUSED/);
    } finally {
      await server.resume();
      await Promise.all([redis.close(), nobody.close()]);
    }
  });
});
