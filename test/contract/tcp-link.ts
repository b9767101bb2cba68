import net from 'node:net';

/** A link to a server that a test can cut like a cable: packets are lost, nothing is closed. */
export interface TcpLink {
  readonly port: number;
  /** Nothing passes any more, on old connections and new ones. */
  cut(): void;
  /** What was held back passes after all, then everything does. */
  heal(): void;
  /** Only the connections of now are cut; new ones pass. */
  cutOld(): void;
  /** As when the process on this end dies: its connections are closed, and it never comes back. */
  kill(): void;
  close(): Promise<void>;
}

export async function tcpLink(to: { readonly host: string; readonly port: number }): Promise<TcpLink> {
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    cut: () => {
      open = false;
      for (const pair of pairs) for (const s of pair) hold(s);
    },
    cutOld: () => {
      for (const pair of pairs) for (const s of pair) hold(s);
    },
    heal: () => {
      open = true;
      for (const s of held) s.resume();
      held.clear();
    },
    kill: () => {
      dead = true;
      for (const pair of pairs) for (const s of pair) s.destroy();
    },
    close: async () => {
      for (const pair of pairs) for (const s of pair) s.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
