import net from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { LinkOrder } from './tcp-link.ts';

// A thread of its own: the ZooKeeper addon stops the whole event loop while it waits for the answer to its good-bye.
const to = workerData as { readonly host: string; readonly port: number };
const pairs = new Set<readonly [net.Socket, net.Socket]>();
const held = new Set<net.Socket>();
let open = true;
let dead = false;
const hold = (s: net.Socket) => {
  held.add(s);
  s.pause();
};
const forward = (from: net.Socket, into: net.Socket) => {
  from.on('data', (bytes) => into.write(bytes));
  from.on('end', () => into.end());
  from.on('error', () => undefined);
  from.on('close', () => held.delete(from));
};
const server = net.createServer({ allowHalfOpen: true }, (near) => {
  if (dead) {
    near.destroy();
    return;
  }
  const far = net.connect({ ...to, allowHalfOpen: true });
  const pair = [near, far] as const;
  pairs.add(pair);
  forward(near, far);
  forward(far, near);
  far.on('close', () => {
    if (!held.has(near)) near.destroy();
    pairs.delete(pair);
  });
  if (!open) for (const s of pair) hold(s);
});
const cutAll = () => {
  for (const pair of pairs) for (const s of pair) hold(s);
};
const obey: Record<LinkOrder, () => void> = {
  cut: () => {
    open = false;
    cutAll();
  },
  cutOld: cutAll,
  heal: () => {
    open = true;
    for (const s of held) s.resume();
    held.clear();
  },
  kill: () => {
    dead = true;
    for (const pair of pairs) for (const s of pair) s.destroy();
  },
};
parentPort?.on('message', (order: LinkOrder) => {
  obey[order]();
  parentPort?.postMessage('done');
});
server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as net.AddressInfo).port));
