import { setTimeout as sleep } from 'node:timers/promises';
import { wallClock } from '@lifeboat/adapters-memory';
import { Client } from '@lifeboat/adapters-zookeeper/client';

const nothing = () => undefined;

/** A client of its own, connected: for what a test does behind the adapter's back. */
export async function rawClient(connect: string): Promise<Client> {
  const events = { onConnected: nothing, onConnecting: nothing, onOver: nothing, onChange: nothing };
  const client = new Client(connect, 4_000, wallClock(), events);
  for (let i = 0; i < 500 && !client.connected; i++) await sleep(10);
  if (!client.connected) throw new Error(`ZooKeeper at ${connect}: no connection within 5 s`);
  return client;
}

export async function plantNode(connect: string, path: string, raw: string): Promise<void> {
  const client = await rawClient(connect);
  const made = await client.create(path, raw, 'lasting');
  client.close();
  if (made?.rc !== 0) throw new Error(`${path}: not made: ${made?.rc}`);
}
