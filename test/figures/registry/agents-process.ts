import { Fleet } from './fleet.ts';

/** Beside the figure: some hosts' agents in a process of their own, which may be stopped as a whole. */
export type Order =
  | Readonly<{ do: 'register'; hosts: number; vms: number }>
  | Readonly<{ do: 'change'; perSecond: number }>
  | Readonly<{ do: 'lose'; host: number }>
  | Readonly<{ do: 'see dead'; hosts: readonly number[] }>
  | Readonly<{ do: 'tell stalls' }>;
export type Asked = Order & Readonly<{ id: number }>;
/** When this process stood still, by the wall clock, stopped or without a processor. */
export interface Stall {
  readonly from: number;
  readonly to: number;
}
export interface Answer {
  readonly id: number;
  readonly stalls: readonly Stall[];
}
export interface Share {
  readonly connect: string;
  readonly sessionMs: number;
  readonly sessions: number;
  /** Which of how many. */
  readonly part: number;
  readonly parts: number;
}

const BEAT_MS = 100;
const share = JSON.parse(process.argv[2] ?? '') as Share;
const fleet = new Fleet(share.connect, share.sessionMs, share.sessions);
const isMine = (n: number) => n % share.parts === share.part;
const stalls: Stall[] = [];
const own: number[] = [];
let beat = Date.now();
let changing: NodeJS.Timeout | undefined;
let next = 0;

setInterval(() => {
  const now = Date.now();
  if (now - beat > share.sessionMs / 4) stalls.push({ from: beat, to: now });
  beat = now;
}, BEAT_MS);

async function obey(order: Order): Promise<void> {
  switch (order.do) {
    case 'register':
      for (let n = share.part; n < order.hosts; n += share.parts) own.push(n);
      return fleet.register(order.hosts, order.vms, isMine);
    case 'change':
      clearInterval(changing);
      changing = setInterval(() => void fleet.change(own[next++ % own.length] as number), 1_000 / order.perSecond);
      return;
    case 'lose':
      return isMine(order.host) ? fleet.lose(order.host) : undefined;
    case 'see dead':
      return fleet.seeDead(order.hosts, 0);
    case 'tell stalls':
      return;
  }
}

process.on('message', (asked: Asked) => {
  void obey(asked).then(() => process.send?.({ id: asked.id, stalls } satisfies Answer));
});
process.on('disconnect', () => process.exit(0));
