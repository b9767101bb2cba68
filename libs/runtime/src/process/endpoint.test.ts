import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { LifeboatEvent } from '@lifeboat/contracts';
import { epoch as asEpoch, type EventId, hostId, instant } from '@lifeboat/kernel';
import { openEndpoint } from './endpoint.ts';
import { Health } from './health.ts';
import { aboutEvent, openLog } from './log.ts';
import { Metrics } from './metrics.ts';
import { watchShell } from './observer.ts';

const clock = { now: () => instant(0), monotonic: () => 0, sleep: async () => undefined };
const rejected: LifeboatEvent = {
  type: 'lifeboat.event.rejected',
  id: 'e'.repeat(32) as EventId,
  source: 'agent-watcher/1',
  time: instant(0),
  sequence: 1,
  data: { by: 'agent-watcher', from: 'registry/h1', reason: 'vms: must be array', headers: {}, raw: '{}', at: instant(0) },
};

describe('the health endpoint', async () => {
  const health = new Health('agent-watcher', 'one', clock);
  const metrics = new Metrics('agent-watcher');
  const lines: string[] = [];
  const log = openLog('agent-watcher', 'one', 'info', { write: (line) => void lines.push(line) });
  const shell = watchShell(log, health, metrics);
  const endpoint = await openEndpoint({ host: '127.0.0.1', port: 0 }, health, metrics);
  const get = async (path: string) => {
    const r = await fetch(`http://${endpoint.address}${path}`);
    return { status: r.status, text: await r.text() };
  };
  after(async () => {
    health.close();
    await endpoint.close();
  });

  it('is healthy and not ready while it starts', async () => {
    assert.equal((await get('/healthz')).status, 200);
    assert.equal((await get('/readyz')).status, 503);
  });

  it('shows what is wrong for as long as it is wrong, each by whoever says it; and a counter of the service', async () => {
    let closed = true;
    health.standing('topology', () => ['hosts[3]: no rack']);
    health.standing('service', () => ['an older reader']);
    health.standing('service', () => (closed ? ['no answers come in by mailbox: refused'] : []));
    const whats = async () =>
      (JSON.parse((await get('/healthz')).text) as { complaints: { what: string }[] }).complaints.map((c) => c.what);
    assert.deepEqual(await whats(), ['hosts[3]: no rack', 'no answers come in by mailbox: refused']);
    closed = false;
    assert.deepEqual(await whats(), ['hosts[3]: no rack']);
    health.standing('topology', () => []);
    metrics.counter('heard_total', 'h', 'as')('answer');
    metrics.counter('heard_total', 'h', 'as')('answer');
    assert.match((await get('/metrics')).text, /heard_total\{as="answer",service="agent-watcher"\} 2/);
  });

  it('says who leads, under which epoch, and what went wrong', async () => {
    health.connections = () => ({ bus: true, store: true, registry: true });
    shell.leading?.(asEpoch(7));
    shell.trouble?.('commit: STORE_UNREACHABLE: x');
    shell.trouble?.('commit: STORE_UNREACHABLE: x');
    shell.decided?.('observed', [rejected], null);
    const report = JSON.parse((await get('/healthz')).text) as {
      role: string;
      epoch: number;
      complaints: { what: string; times: number }[];
    };
    assert.deepEqual([report.role, report.epoch], ['leading', 7]);
    assert.deepEqual(
      report.complaints.map((c) => [c.what, c.times]),
      [
        ['commit: STORE_UNREACHABLE: x', 2],
        ['registry/h1: vms: must be array', 1],
      ],
    );
    assert.equal((await get('/readyz')).status, 200);
  });

  it('counts for Prometheus, labelled by service', async () => {
    metrics.figures = () => ({ queued: 3, owed: 2, outbox: 0 });
    const { text } = await get('/metrics');
    for (const line of [
      'lifeboat_inputs_decided_total{type="observed",service="agent-watcher"} 1',
      'lifeboat_events_told_total{type="lifeboat.event.rejected",service="agent-watcher"} 1',
      'lifeboat_dead_letters_total{service="agent-watcher"} 1',
      'lifeboat_trouble_total{what="commit",service="agent-watcher"} 2',
      'lifeboat_queue_length{service="agent-watcher"} 3',
      'lifeboat_owed_effects{service="agent-watcher"} 2',
      'lifeboat_epoch{service="agent-watcher"} 7',
      'lifeboat_leading{service="agent-watcher"} 1',
    ])
      assert.ok(text.includes(line), line);
  });

  it('is not ready when a server is away, and unhealthy only when it cannot work', async () => {
    health.connections = () => ({ bus: false, store: true, registry: true });
    assert.equal((await get('/readyz')).status, 503);
    assert.equal((await get('/healthz')).status, 200);
    health.fail('the disk is full');
    const { status, text } = await get('/healthz');
    assert.equal(status, 503);
    assert.match(text, /the disk is full/);
  });

  it('logs every event told in one line with its ids, and no secret', () => {
    const told = lines.map((l) => JSON.parse(l) as Record<string, unknown>).filter((l) => l['msg'] === 'told');
    assert.deepEqual(
      told.map((l) => [l['service'], l['instance'], l['event'], l['type']]),
      [['agent-watcher', 'one', rejected.id, rejected.type]],
    );
    log.info({ fence: { password: 'hunter2' } }, 'x');
    assert.doesNotMatch(lines.join(), /hunter2/);
    const lost = { ...rejected, type: 'lifeboat.agent.lost', incident: 'inc-1', data: { host: hostId('h1') } } as unknown as LifeboatEvent;
    assert.deepEqual(aboutEvent(lost), { event: rejected.id, type: 'lifeboat.agent.lost', incident: 'inc-1', host: 'h1' });
  });
});
