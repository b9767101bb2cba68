import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { wallClock } from '@lifeboat/adapters-memory/wall-clock';
import { hostId } from '@lifeboat/kernel';
import { PlannerInWorker } from './in-worker.ts';

const folder = mkdtempSync(join(tmpdir(), 'lifeboat-thread-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const clock = wallClock();
const plan = { placements: [], unplaced: [], certificate: { placed: 0, upperBound: 0, spread: [] } };
/** Answers plans; does as the name of the failed host says. Says of what it was told. */
const thread = join(folder, 'thread.mjs');
writeFileSync(
  thread,
  `import { parentPort, workerData } from 'node:worker_threads';
  if (workerData.dies) process.exit(3);
  let shut = [];
  parentPort.on('message', (m) => {
    if (m.kind === 'ping') parentPort.postMessage({ kind: 'pong', figures: { readAt: 1, hosts: shut.length, vms: 0, hostsLost: 0, racksLost: 0, vmsWithoutPlace: 0, restarts: 0 }, complaints: shut.map((h) => h + ': no rack') });
    if (m.kind === 'hear') shut = m.news.shut;
    if (m.kind !== 'plan') return;
    const [what] = m.question.failedHosts;
    if (what === 'exit') process.exit(1);
    if (what === 'throw') throw new Error('a bug');
    if (what === 'hang') for (;;);
    if (what === 'ok') parentPort.postMessage({ kind: 'planned', id: m.id, answer: { ok: true, value: ${JSON.stringify(plan)} } });
  });
  parentPort.postMessage({ kind: 'seen', seen: { endangered: [] } });`,
);
const open = (data: object = {}) => {
  const log: string[] = [];
  const limits = { planMs: 2_000, pingMs: 50, hangMs: 1_500, restartFirstMs: 20, restartMostMs: 100 };
  const planner = new PlannerInWorker({ thread: pathToFileURL(thread), data, clock, log: (event) => log.push(event), limits });
  const ask = (what: string) => planner.plan({ failedHosts: [hostId(what)], there: [], vms: [], exclude: [], inFlight: {} });
  const code = async (what: string) => {
    const a = await ask(what);
    return a.ok ? 'ok' : a.code;
  };
  /** Until it plans again. */
  const back = async () => {
    for (let i = 0; i < 200 && (await code('ok')) !== 'ok'; i++) await clock.sleep(20);
    return code('ok');
  };
  return { planner, log, code, back };
};

describe('the planner in a thread of its own', { timeout: 20_000 }, () => {
  it('answers, and tells what it sees', async () => {
    const p = open();
    assert.equal(await p.code('ok'), 'ok');
    const stop = new AbortController();
    const seen: unknown[] = [];
    const kept = p.planner.keep((s) => seen.push(s), stop.signal);
    await clock.sleep(50);
    stop.abort();
    await kept;
    assert.deepEqual(seen, [{ endangered: [] }]);
    await p.planner.close();
  });

  for (const [what, says] of [
    ['exit', 'planner-ended'],
    ['throw', 'planner-error'],
  ] as const)
    it(`whose thread ends (${what}) says so at once to who waits, and is there again`, async () => {
      const p = open();
      p.planner.hear({ shut: [hostId('h1'), hostId('h2')] });
      assert.equal(await p.code('ok'), 'ok');
      assert.equal(await p.code(what), 'PLANNER_LOST');
      assert.equal(await p.back(), 'ok');
      assert.ok(p.log.includes(says), p.log.join());
      await clock.sleep(150);
      assert.equal(p.planner.figures().hosts, 2, 'the new thread was told what the registry says');
      assert.equal(p.planner.figures().restarts, 1);
      assert.deepEqual(p.planner.complaints(), ['h1: no rack', 'h2: no rack']);
      await p.planner.close();
    });

  it('that hangs is replaced; nothing else waits for it', async () => {
    const p = open();
    assert.equal(await p.code('ok'), 'ok');
    const began = performance.now();
    const hung = p.code('hang');
    let turns = 0;
    const alive = setInterval(() => turns++, 10);
    assert.match(await hung, /PLANNER_(LOST|TIMEOUT)/);
    clearInterval(alive);
    assert.ok(performance.now() - began < 4_000);
    assert.ok(turns > 5, `our own loop went on: ${turns}`);
    assert.equal(await p.back(), 'ok');
    assert.ok(p.log.includes('planner-hangs'));
    await p.planner.close();
  });

  it('that does not answer in time says so', async () => {
    const p = open();
    assert.equal(await p.code('ok'), 'ok');
    assert.equal(await p.code('silent'), 'PLANNER_TIMEOUT');
    assert.equal(await p.code('ok'), 'ok');
    await p.planner.close();
  });

  it('that cannot start tries again with growing pauses, and ends when it is closed', async () => {
    const p = open({ dies: true });
    await clock.sleep(600);
    assert.equal(await p.code('ok'), 'PLANNER_LOST');
    const tries = p.log.filter((l) => l === 'planner-ended').length;
    assert.ok(tries >= 2 && tries <= 8, `${tries} tries`);
    await p.planner.close();
  });
});
