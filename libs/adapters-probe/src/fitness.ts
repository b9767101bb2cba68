import { readFile } from 'node:fs/promises';

/** Reads a file of the kernel; null where it does not exist (another kernel, or a network namespace). */
export type ReadText = (path: string) => Promise<string | null>;
export const readText: ReadText = (path) => readFile(path, 'utf8').catch(() => null);

/** The default gateway in /proc/net/route, as 10.0.0.1; null where there is none. */
export const defaultGateway = (route: string): string | null => {
  for (const line of route.split('\n').slice(1)) {
    const [, destination, gateway] = line.trim().split(/\s+/);
    if (destination === '00000000' && gateway !== undefined && gateway !== '00000000')
      return [6, 4, 2, 0].map((i) => Number.parseInt(gateway.slice(i, i + 2), 16)).join('.');
  }
  return null;
};

export type Neighbours = Readonly<{ entries: number; overflows: number }>;
/** /proc/net/stat/arp_cache: `entries` is the same on every line, `table_fulls` counts for each CPU. */
export const readNeighbours = (stat: string): Neighbours | null => {
  const [head, ...lines] = stat
    .trim()
    .split('\n')
    .map((l) => l.trim().split(/\s+/));
  const [entries, fulls] = [head?.indexOf('entries') ?? -1, head?.indexOf('table_fulls') ?? -1];
  if (entries < 0 || lines.length === 0) return null;
  const number = (hex: string | undefined) => Number.parseInt(hex ?? '0', 16);
  return { entries: number(lines[0]?.[entries]), overflows: fulls < 0 ? 0 : lines.reduce((n, l) => n + number(l[fulls]), 0) };
};

/**
 * A full neighbour table makes 2,000 of 3,000 living hosts look dead, without a word from anybody but dmesg. So: no
 * verdicts when it overflowed since the last look, or is nearly full.
 */
export const neighbourTrouble = (before: Neighbours | null, now: Neighbours | null, most: number | null): string | null => {
  if (now === null) return null;
  const mend = 'raise net.ipv4.neigh.default.gc_thresh1, 2 and 3';
  if (before !== null && now.overflows > before.overflows)
    return `the kernel's neighbour table overflowed: living hosts look dead; ${mend}`;
  if (most !== null && now.entries > 0.9 * most) return `the kernel's neighbour table is nearly full (${now.entries} of ${most}); ${mend}`;
  return null;
};

/** Why a link cannot be relied on, by what the kernel says about it. */
export const linkTrouble = (name: string, carrier: string | null, state: string | null): string | null => {
  if (state === null) return `there is no network link ${name}; name the one that leads to the management network`;
  if (carrier?.trim() !== '1') return `network link ${name} has no carrier (${state.trim()})`;
  return null;
};
