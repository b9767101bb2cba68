// reused-descriptor.ts CONNECT: a session is given the number of a socket that was closed behind libuv's back, as ZooKeeper's client library
// does it: libuv still has that number for another. Says 'heard' when the session is answered.

import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { wallClock } from '@lifeboat/adapters-memory';
import { openZooKeeper } from '@lifeboat/adapters-zookeeper';
import { hostId, instant } from '@lifeboat/kernel';

const isSocket = (fd: number) => {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
  } catch {
    return false;
  }
};
const sockets = () => readdirSync('/proc/self/fd').map(Number).filter(isSocket);

const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
await once(server, 'listening');
const before = new Set(sockets());
const other = connect((server.address() as AddressInfo).port, '127.0.0.1');
await Promise.all([once(other, 'connect'), once(server, 'connection')]);
const its = Math.min(...sockets().filter((fd) => !before.has(fd)));
// nobody reads: libuv waits for room to write, and does nothing else with that number
other.pause();
other.write(Buffer.alloc(32 << 20));
await new Promise((r) => setTimeout(r, 200));
// no number below is free: the next socket is given this one
for (let fd = openSync('/dev/null', 'r'); fd < its; ) fd = openSync('/dev/null', 'r');
closeSync(its);
const registry = openZooKeeper({ connect: process.argv[2] ?? '', sessionTimeoutMs: 10_000, clock: wallClock() });
if (!isSocket(its)) throw new Error(`descriptor ${its} was not given again`);
const entry = { bootId: 'b', agentVersion: '1', startedAt: instant(1), leaving: false, vmsKnown: true, vms: [], peers: [] };
const joined = await registry.join({ host: hostId('reused'), ...entry });
console.log(joined.ok ? 'heard' : 'deaf');
process.exit(0);
