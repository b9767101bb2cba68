import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { kdumpListener } from '@lifeboat/adapters-probe';

const SENDER = '/usr/libexec/fence-agents/fence_kdump_send';

describe('the real fence_kdump_send, as crash kernels run it', () => {
  it('is heard each time, with the address of its host', async () => {
    const listener = kdumpListener({ host: '127.0.0.1', port: 0 });
    const heard: string[] = [];
    listener.listen((address) => heard.push(address));
    try {
      const port = await listener.listening;
      await promisify(execFile)(SENDER, ['-p', String(port), '-i', '1', '-c', '2', '-f', 'ipv4', '127.0.0.1'], { timeout: 8_000 });
      for (let i = 0; i < 20 && heard.length < 2; i++) await new Promise((resolve) => setTimeout(resolve, 100));
      assert.deepEqual(heard, ['127.0.0.1', '127.0.0.1']);
    } finally {
      await listener.close();
    }
  });
});
