import { connect } from 'node:net';

/** 'refused': a TCP reset, so an IP stack lives there. 'own-trouble': we could not even try. */
export type TcpAnswer = Readonly<{ kind: 'open' | 'refused' | 'silent' | 'own-trouble'; detail: string }>;

const refusals = new Set(['ECONNREFUSED', 'ECONNRESET']);
/** Our own limits and permissions. They say nothing about the other side. */
const ours = new Set([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

export const tcpConnect = (address: string, port: number, limitMs: number): Promise<TcpAnswer> =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const answer = (kind: TcpAnswer['kind'], words: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ kind, detail: `TCP ${port} ${words}` });
    };
    const timer = setTimeout(() => answer('silent', 'silent'), limitMs);
    socket.on('connect', () => answer('open', 'open'));
    socket.on('error', (e: NodeJS.ErrnoException) => {
      const code = e.code ?? e.message;
      answer(refusals.has(code) ? 'refused' : ours.has(code) ? 'own-trouble' : 'silent', code);
    });
  });

/** Every pair, at most `AT_ONCE` at a time, all within the limit: the more there are, the less each may take. */
export const tcpConnectAll = async (
  addresses: readonly string[],
  ports: readonly number[],
  limitMs: number,
): Promise<ReadonlyMap<string, readonly TcpAnswer[]>> => {
  const answers = new Map<string, TcpAnswer[]>(addresses.map((a) => [a, []]));
  const todo = addresses.flatMap((address) => ports.map((port) => ({ address, port })));
  const rounds = Math.max(1, Math.ceil(todo.length / AT_ONCE));
  const each = Math.max(10, Math.floor(limitMs / rounds));
  let next = 0;
  const worker = async () => {
    for (let job = todo[next++]; job !== undefined; job = todo[next++])
      answers.get(job.address)?.push(await tcpConnect(job.address, job.port, each));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, todo.length) }, worker));
  return answers;
};
const AT_ONCE = 2_000;
