import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { startZooKeeper } from '../servers/index.ts';

describe('a session of ZooKeeper and its socket', () => {
  let server: Awaited<ReturnType<typeof startZooKeeper>>;
  before(async () => {
    server = await startZooKeeper();
  });
  after(() => server.stop());

  it('has the number of one that libuv still knows: it is heard, and nothing crashes', {
    timeout: 60_000,
    skip: process.platform !== 'linux',
  }, async () => {
    const program = join(import.meta.dirname, 'reused-descriptor.ts');
    const said = await promisify(execFile)(process.execPath, [program, server.connect], { timeout: 20_000 });
    assert.equal(said.stdout.trim(), 'heard');
  });
});
