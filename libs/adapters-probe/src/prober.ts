import type { Prober, Reach } from '@lifeboat/ports';
import { defaultGateway, linkTrouble, type Neighbours, neighbourTrouble, type ReadText, readNeighbours, readText } from './fitness.ts';
import { fping } from './fping.ts';
import { type TcpAnswer, tcpConnectAll } from './tcp.ts';

/** What must be well on this machine before its view of others counts. */
export interface Fitness {
  /** Links that lead to the network looked at, e.g. ['eno1']. */
  readonly links?: readonly string[];
  /** Must answer: an address, or 'default' for the default gateway. */
  readonly gateway?: string;
}
export interface ProberOptions extends Fitness {
  readonly icmp: boolean;
  readonly tcpPorts: readonly number[];
  /** Does a TCP reset mean alive? Yes where a host is asked for (its IP stack lives), no where the service is. */
  readonly refusedIsAlive?: boolean;
  readonly fping?: string;
  readonly read?: ReadText;
}

const GATEWAY_LIMIT_MS = 1_000;

/**
 * ICMP to all with one fping, then TCP to those silent. An address about which nothing could be found out, because this
 * machine could not even ask, is left out of the answer: unknown, never dead.
 */
export const prober = (options: ProberOptions): Prober => {
  const { icmp, tcpPorts } = options;
  if (!icmp && tcpPorts.length === 0)
    throw new Error('probes: icmp is off and tcpPorts is empty, so nothing could ever answer; give one of them');
  const program = options.fping ?? 'fping';
  const read = options.read ?? readText;
  const refusedIsAlive = options.refusedIsAlive ?? true;
  let ownTrouble: string | null = null;
  let neighboursBefore: Neighbours | null = null;

  const reach = async (asked: readonly string[], timeLimitMs: number): Promise<ReadonlyMap<string, Reach>> => {
    const addresses = [...new Set(asked)];
    const found = new Map<string, Reach>();
    if (addresses.length === 0) return found;
    const end = performance.now() + timeLimitMs;
    ownTrouble = null;
    if (icmp) {
      const pinged = await fping(program, addresses, tcpPorts.length === 0 ? timeLimitMs * 0.9 : timeLimitMs * 0.5);
      if (!pinged.ok) ownTrouble = pinged.why;
      else for (const a of addresses) found.set(a, reachByPing(pinged.alive.get(a)));
    }
    const silent = addresses.filter((a) => found.get(a)?.alive !== true);
    if (tcpPorts.length > 0 && silent.length > 0) {
      const answers = await tcpConnectAll(silent, tcpPorts, Math.max(10, end - performance.now()));
      for (const [address, tried] of answers) {
        const reach = reachByTcp(tried, refusedIsAlive);
        if (reach.trouble !== null) ownTrouble = `${address}: ${reach.trouble}`;
        // Alive by TCP is alive; dead needs every way to have been tried.
        if (reach.alive) found.set(address, { alive: true, detail: reach.detail });
        else if (reach.trouble !== null || (icmp && !found.has(address))) found.delete(address);
        else found.set(address, { alive: false, detail: [found.get(address)?.detail, reach.detail].filter(Boolean).join(', ') });
      }
    }
    return found;
  };

  const gatewayTrouble = async (): Promise<string | null> => {
    if (options.gateway === undefined) return null;
    const address = options.gateway === 'default' ? defaultGateway((await read('/proc/net/route')) ?? '') : options.gateway;
    if (address === null) return 'there is no default gateway; name the gateway of the management network';
    const pinged = await fping(program, [address], GATEWAY_LIMIT_MS);
    if (!pinged.ok) return pinged.why;
    return pinged.alive.has(address) ? null : `the gateway ${address} does not answer`;
  };

  const neighboursTrouble = async (): Promise<string | null> => {
    const [stat, most] = await Promise.all([read('/proc/net/stat/arp_cache'), read('/proc/sys/net/ipv4/neigh/default/gc_thresh3')]);
    const now = stat === null ? null : readNeighbours(stat);
    const trouble = neighbourTrouble(neighboursBefore, now, most === null ? null : Number(most));
    neighboursBefore = now;
    return trouble;
  };

  const unfitBecause = async (): Promise<string | null> => {
    for (const name of options.links ?? []) {
      const at = `/sys/class/net/${name}`;
      const trouble = linkTrouble(name, await read(`${at}/carrier`), await read(`${at}/operstate`));
      if (trouble !== null) return trouble;
    }
    return ownTrouble ?? (await neighboursTrouble()) ?? (await gatewayTrouble());
  };

  return { reach, unfitBecause };
};

const reachByPing = (time: string | undefined): Reach =>
  time === undefined ? { alive: false, detail: 'ICMP silent' } : { alive: true, detail: `ICMP ${time}` };

const reachByTcp = (tried: readonly TcpAnswer[], refusedIsAlive: boolean): Reach & { readonly trouble: string | null } => {
  const answered = tried.find((t) => t.kind === 'open' || (refusedIsAlive && t.kind === 'refused'));
  const trouble = tried.find((t) => t.kind === 'own-trouble')?.detail ?? null;
  return { alive: answered !== undefined, detail: answered?.detail ?? tried.map((t) => t.detail).join(', '), trouble };
};
