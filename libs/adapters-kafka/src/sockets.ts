import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

export interface Sockets {
  readonly factory: ISocketFactory;
  /** How many are connected now. */
  open(): number;
  /** Ends all of them now; what waits on them fails with `why`. kafkajs's own disconnect waits for answers first. */
  destroy(why: string): void;
}

/** The sockets of one client: no delay for small requests, keep-alive, and an end that does not depend on the broker. */
export const trackedSockets = (onNoneLeft: () => void = () => {}): Sockets => {
  const connected = new Set<Socket>();
  const all = new Set<Socket>();
  let gone: string | undefined;
  const factory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    const opened = () => {
      connected.add(socket);
      onConnect();
    };
    const socket: Socket = ssl
      ? tls.connect({ host, port, ...(net.isIP(host) ? {} : { servername: host }), ...ssl }, opened)
      : net.connect({ host, port }, opened);
    all.add(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 10_000);
    socket.once('close', () => {
      all.delete(socket);
      if (connected.delete(socket) && connected.size === 0 && gone === undefined) onNoneLeft();
    });
    // kafkajs adds its listeners after this returns
    if (gone !== undefined) setImmediate(() => socket.destroy(new Error(gone)));
    return socket;
  };
  return {
    factory,
    open: () => connected.size,
    destroy(why) {
      gone = why;
      for (const socket of all) socket.destroy(new Error(why));
    },
  };
};
