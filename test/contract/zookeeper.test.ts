import { after, before } from 'node:test';
import { wallClock } from '@lifeboat/adapters-memory';
import { openZooKeeper } from '@lifeboat/adapters-zookeeper';
import { uniqueName } from '@lifeboat/ports/contract-tools';
import { registryContract } from '@lifeboat/ports/registry.contract';
import { startZooKeeper } from '../servers/index.ts';
import { tcpLink } from './tcp-link.ts';
import { plantNode } from './zookeeper-tools.ts';

let server: Awaited<ReturnType<typeof startZooKeeper>>;
before(async () => {
  server = await startZooKeeper();
});
after(() => server.stop());

const sessionTimeoutMs = 2_000;

registryContract('ZooKeeper', async () => {
  const [host = '', port] = server.connect.split(':');
  const root = `/${uniqueName('contract')}`;
  const closers: (() => Promise<void>)[] = [];
  return {
    sessionTimeoutMs,
    member: async () => {
      const link = await tcpLink({ host, port: Number(port) });
      const registry = openZooKeeper({ connect: `127.0.0.1:${link.port}`, sessionTimeoutMs, root, clock: wallClock() });
      closers.push(async () => {
        await registry.close();
        await link.close();
      });
      return {
        registry,
        cut: link.cut,
        heal: link.heal,
        kill: link.kill,
        plant: (name, raw) => plantNode(server.connect, `${root}/hosts/${name}`, raw),
      };
    },
    close: async () => void (await Promise.all(closers.map((c) => c()))),
  };
});
