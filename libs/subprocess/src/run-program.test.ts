import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { plainEnv, runProgram } from './index.ts';

const sh = (script: string, timeLimitMs = 5_000, input = '') =>
  runProgram({ command: '/bin/sh', args: ['-c', script], input, env: plainEnv(), timeLimitMs, graceMs: 200 });
const lives = (pid: string) => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid.trim()}/status`, 'utf8'));
  } catch {
    return false;
  }
};

describe('runProgram', () => {
  it('gives input, and answers with output and exit code', async () => {
    const ran = await sh('cat; echo oh >&2; exit 2', 5_000, 'a=1\n');
    assert.deepEqual(ran, { kind: 'ended', code: 2, signal: null, stdout: 'a=1\n', stderr: 'oh\n' });
  });

  it('ends the whole process group at the limit, even one that refuses SIGTERM', async () => {
    const began = performance.now();
    const ran = await sh(`trap '' TERM; (trap '' TERM; sleep 30) & echo $!; sleep 30`, 300);
    assert.equal(ran.kind, 'timeout');
    assert.ok(performance.now() - began < 2_000);
    await new Promise((r) => setTimeout(r, 100));
    assert.equal(lives(ran.kind === 'timeout' ? ran.stdout : ''), false);
  });

  it('does not wait for a grandchild that holds the pipes', async () => {
    const ran = await sh('sleep 3 & echo done');
    assert.deepEqual([ran.kind, ran.kind === 'ended' && ran.stdout], ['ended', 'done\n']);
  });

  it('inherits nothing of our environment', async () => {
    process.env.OUR_SECRET = 'x';
    const ran = await sh('echo "[$OUR_SECRET]"');
    assert.equal(ran.kind === 'ended' && ran.stdout, '[]\n');
  });

  it('says when a program cannot be started', async () => {
    const ran = await runProgram({ command: '/no/such', args: [], env: {}, timeLimitMs: 1_000 });
    assert.equal(ran.kind, 'not-started');
  });

  it('survives a program that reads no input', async () => {
    const ran = await sh('exit 0', 5_000, 'x'.repeat(1_000_000));
    assert.equal(ran.kind === 'ended' && ran.code, 0);
  });
});
