import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export type LinkOrder = 'cut' | 'cutOld' | 'heal' | 'kill';

/** A link to a server that a test can cut like a cable: packets are lost, nothing is closed. */
export interface TcpLink {
  readonly port: number;
  /** Nothing passes any more, on old connections and new ones. */
  cut(): Promise<void>;
  /** What was held back passes after all, then everything does. */
  heal(): Promise<void>;
  /** Only the connections of now are cut; new ones pass. */
  cutOld(): Promise<void>;
  /** As when the process on this end dies: its connections are closed, and it never comes back. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export async function tcpLink(to: { readonly host: string; readonly port: number }): Promise<TcpLink> {
  const worker = new Worker(new URL('./tcp-link-worker.ts', import.meta.url), { workerData: to });
  const [port] = (await once(worker, 'message')) as [number];
  const order = async (what: LinkOrder) => {
    const obeyed = once(worker, 'message');
    worker.postMessage(what);
    await obeyed;
  };
  return {
    port,
    cut: () => order('cut'),
    heal: () => order('heal'),
    cutOld: () => order('cutOld'),
    kill: () => order('kill'),
    close: async () => void (await worker.terminate()),
  };
}
