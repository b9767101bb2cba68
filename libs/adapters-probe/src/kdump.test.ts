import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, it } from 'node:test';
import { isDumpMessage, kdumpListener } from './kdump.ts';

const message = (magic = 0x1b302a40, version = 1) => {
  const m = Buffer.alloc(8);
  m.writeUInt32LE(magic, 0);
  m.writeUInt32LE(version, 4);
  return m;
};

describe('messages of fence_kdump_send', () => {
  it('are known in either byte order, and nothing else is one', () => {
    assert.ok(isDumpMessage(message()) && isDumpMessage(message().swap32()));
    for (const other of [message(0x1b302a41), message(undefined, 2), message().subarray(0, 7), Buffer.concat([message(), message()])])
      assert.ok(!isDumpMessage(other));
  });

  it('are heard with the address of the host that sends them', async () => {
    const listener = kdumpListener({ host: '127.0.0.1', port: 0 });
    const sender = createSocket('udp4');
    try {
      const port = await listener.listening;
      const from = new Promise<string>((resolve) => listener.listen(resolve));
      await new Promise<void>((resolve) => sender.bind(0, '127.0.0.9', resolve));
      sender.send('no dump', port, '127.0.0.1');
      sender.send(message(), port, '127.0.0.1');
      assert.equal(await from, '127.0.0.9');
    } finally {
      sender.close();
      await listener.close();
    }
  });

  it('cannot be heard where somebody else listens: said, and nothing else breaks', async () => {
    const first = kdumpListener({ host: '127.0.0.1', port: 0 });
    const port = await first.listening;
    const said = await new Promise<string>((resolve) => {
      const second = kdumpListener({ host: '127.0.0.1', port, trouble: (what) => void second.close().then(() => resolve(what)) });
    });
    assert.match(said, /crash dumps of hosts cannot be heard: .*EADDRINUSE/);
    await first.close();
  });
});
