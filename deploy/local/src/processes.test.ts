import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { alive, end, launch, readPid, signal, writePid } from './processes.ts';

describe('processes that we started', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-processes-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));
  const start = () =>
    launch({
      command: process.execPath,
      args: ['-e', 'console.log("here"); setInterval(() => {}, 1e6)'],
      cwd: folder,
      log: join(folder, 'logs', 'x.log'),
      leashed: true,
    });

  it('are known again by number and start time, and are gone when ended', async () => {
    const pid = await start();
    await writePid(join(folder, 'run', 'x.pid'), pid);
    assert.deepEqual(await readPid(join(folder, 'run', 'x.pid')), pid);
    await end(pid, 5_000);
    assert.equal(alive(pid), false);
    assert.equal(await readPid(join(folder, 'run', 'x.pid')), undefined);
  });

  it('another process with the same number is left alone', async () => {
    const pid = await start();
    const other = { pid: pid.pid, started: '1' };
    await writePid(join(folder, 'run', 'y.pid'), other);
    assert.equal(await readPid(join(folder, 'run', 'y.pid')), undefined);
    signal(other, 'SIGKILL');
    await end(other, 100);
    assert.equal(alive(pid), true);
    await end(pid, 5_000);
  });

  it('are made to end when they stand still', async () => {
    const pid = await start();
    signal(pid, 'SIGSTOP');
    await end(pid, 5_000);
    assert.equal(alive(pid), false);
  });

  it('write their log', async () => {
    const pid = await start();
    const log = () => readFile(join(folder, 'logs', 'x.log'), 'utf8');
    for (let i = 0; i < 100 && !(await log()).includes('here'); i++) await new Promise((r) => setTimeout(r, 50));
    assert.match(await log(), /here/);
    await end(pid, 5_000);
  });
});
