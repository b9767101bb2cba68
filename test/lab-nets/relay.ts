// relay.ts TO PORT...: in a namespace of its own, 127.0.0.1:PORT leads to TO:PORT. What a server calls itself (Kafka's
// advertised address) is then true everywhere, and the way there is the management network with all that may befall it.
import net from 'node:net';

/** Bytes both ways; what one end closes or loses, the other does. A cut cable closes nothing. */
export const relay = (listen: { host: string; port: number }, to: { host: string; port: number }): Promise<net.Server> =>
  new Promise((resolve, reject) => {
    const server = net.createServer((a) => {
      const b = net.connect(to);
      a.pipe(b).pipe(a);
      for (const [one, other] of [
        [a, b],
        [b, a],
      ] as const)
        one.on('error', () => other.destroy()).on('close', () => other.destroy());
    });
    server.once('error', reject).listen(listen.port, listen.host, () => resolve(server));
  });

if (import.meta.main) {
  const [to = '', ...ports] = process.argv.slice(2);
  await Promise.all(ports.map((p) => relay({ host: '127.0.0.1', port: Number(p) }, { host: to, port: Number(p) })));
}
