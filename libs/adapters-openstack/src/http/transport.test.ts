import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Transport } from './transport.ts';

const pem = (name: string) => readFileSync(join(import.meta.dirname, '../../test-data', name), 'utf8');
const none = { verify: true, ca: undefined, cert: undefined, key: undefined };
const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};
const send = async (tls: ConstructorParameters<typeof Transport>[0], url: string, limitMs = 2000, connectLimitMs = 1000) => {
  const transport = new Transport(tls, { connectLimitMs });
  try {
    return await transport.send({ method: 'POST', url, headers: {}, body: '{}', ownConnection: true, limitMs });
  } finally {
    transport.close();
  }
};

describe('Transport', () => {
  it('trusts the CA of the cloud and no other; an untrusted server was sent nothing', async () => {
    let bodies = 0;
    const server = createHttps({ key: pem('loopback.key'), cert: pem('loopback.pem') }, (_, res) => {
      bodies++;
      res.end('{}');
    });
    const url = `https://127.0.0.1:${await listen(server)}/`;
    const untrusted = await send(none, url);
    assert.deepEqual([untrusted.kind, bodies], ['not-sent', 0]);
    assert.match(untrusted.kind === 'not-sent' ? untrusted.why : '', /self-signed/i);
    assert.equal((await send({ ...none, ca: pem('loopback.pem') }, url)).kind, 'answer');
    assert.equal((await send({ ...none, verify: false }, url)).kind, 'answer');
    assert.equal(bodies, 2);
    server.close();
  });
  it('knows that nothing was sent while TLS never comes about', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((s) => sockets.push(s));
    const result = await send(none, `https://127.0.0.1:${await listen(silent)}/`, 5000, 150);
    assert.deepEqual(result, { kind: 'not-sent', why: 'no connection within 150 ms' });
    for (const s of sockets) s.destroy();
    silent.close();
  });
  it('says lost once the connection stood, however it ended', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((s) => sockets.push(s));
    const url = `http://127.0.0.1:${await listen(silent)}/`;
    assert.deepEqual(await send(none, url, 150), { kind: 'lost', why: 'no answer within 150 ms' });
    for (const s of sockets) s.destroy();
    silent.close();
    const closing = createServer((s) => void s.on('data', () => s.end()));
    assert.equal((await send(none, `http://127.0.0.1:${await listen(closing)}/`)).kind, 'lost');
    closing.close();
  });
  it('sends nothing once its caller may not any more, as when it stood still while the connection came about', async () => {
    let asked = 0;
    const server = createServer((s) => void s.on('data', () => asked++ || s.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')));
    const url = `http://127.0.0.1:${await listen(server)}/`;
    const transport = new Transport(none);
    for (const ownConnection of [true, false]) {
      let mayStill = true;
      const result = transport.send({ method: 'POST', url, headers: {}, body: '{}', ownConnection, limitMs: 2000, still: () => mayStill });
      mayStill = false;
      assert.deepEqual(await result, {
        kind: 'not-sent',
        why: 'not told: whoever wanted it does not lead any more, or does not want it any more',
      });
    }
    assert.equal(asked, 0);
    const sent = await transport.send({ method: 'POST', url, headers: {}, body: '{}', limitMs: 2000, still: () => true });
    assert.deepEqual([sent.kind, asked], ['answer', 1]);
    transport.close();
    server.close();
  });
  it('sends nothing for a call whose limit is over, nor when closed', async () => {
    const transport = new Transport(none);
    const r = { method: 'GET', url: 'http://127.0.0.1:9/', headers: {}, limitMs: 100 } as const;
    assert.equal((await transport.send({ ...r, signal: AbortSignal.abort() })).kind, 'not-sent');
    transport.close();
    assert.deepEqual(await transport.send(r), { kind: 'not-sent', why: 'the client is closed' });
  });
});
