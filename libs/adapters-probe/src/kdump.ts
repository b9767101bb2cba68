import { createSocket } from 'node:dgram';
import type { DumpReports } from '@lifeboat/ports';

/** What fence_kdump_send, in the crash kernel of a host, sends every few seconds for as long as the dump is written. */
const MAGIC = 0x1b302a40;
const VERSION = 1;
const LENGTH = 8;

export interface KdumpOptions {
  readonly host: string;
  /** fence_kdump's own is 7410. */
  readonly port: number;
  readonly trouble?: (what: string) => void;
}
export interface KdumpListener extends DumpReports {
  /** The port that it listens on, once it does. */
  readonly listening: Promise<number>;
  close(): Promise<void>;
}

/** Magic and version, in the sender's own byte order. */
export const isDumpMessage = (m: Uint8Array): boolean => {
  if (m.byteLength !== LENGTH) return false;
  const view = new DataView(m.buffer, m.byteOffset, LENGTH);
  return [true, false].some((little) => view.getUint32(0, little) === MAGIC && view.getUint32(4, little) === VERSION);
};

/** Hears which hosts write a crash dump. Anybody on the management network could say so: it delays a power off, and proves nothing. */
export function kdumpListener({ host, port, trouble = () => undefined }: KdumpOptions): KdumpListener {
  const heard = new Set<(address: string) => void>();
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', (e) => trouble(`crash dumps of hosts cannot be heard: ${e.message}`));
  socket.on('message', (message, from) => {
    if (isDumpMessage(message)) for (const tell of heard) tell(from.address);
  });
  const listening = new Promise<number>((resolve) => socket.bind(port, host, () => resolve(socket.address().port)));
  return {
    listening,
    listen(tell) {
      heard.add(tell);
      return () => heard.delete(tell);
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
