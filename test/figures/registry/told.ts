import { decode } from '@lifeboat/contracts';
import type { HostId } from '@lifeboat/kernel';
import type { Bus } from '@lifeboat/ports';
import type { Monitor } from './monitor.ts';

interface Word {
  readonly host: HostId;
  readonly at: number;
}

/** What has been told of hosts since it began to listen, on the real topics. */
export class Told {
  readonly registered = new Set<HostId>();
  readonly lost: Word[] = [];
  /** Hosts taken for failed: what would be isolated and evacuated. */
  readonly confirmed: Word[] = [];
  /** Other verdicts about hosts: alerts. */
  readonly diagnosed: (Word & { readonly verdict: string })[] = [];
  readonly held: (Word & { readonly reason: string })[] = [];
  #close: () => Promise<void> = async () => undefined;

  /** The monitor hears, as the real one does, which agents are lost. */
  async listen(bus: Bus, monitor: Monitor): Promise<void> {
    const opened = await bus.subscribe({
      name: 'figure',
      topics: ['lifeboat.agents', 'lifeboat.faults'],
      from: {},
      onRecords: async (records) => {
        for (const r of records) {
          if (r.topic === 'lifeboat.agents') this.#agent(r.headers['ce_type'] ?? '', r.key as HostId, r.headers['ce_time'] ?? '', monitor);
          else this.#fault(r);
        }
      },
    });
    if (!opened.ok) throw new Error(`cannot listen: ${opened.detail}`);
    this.#close = () => opened.value.close();
  }

  close(): Promise<void> {
    return this.#close();
  }

  #agent(type: string, host: HostId, time: string, monitor: Monitor): void {
    if (type === 'lifeboat.agent.registered') {
      this.registered.add(host);
      monitor.agentBack(host);
    } else if (type === 'lifeboat.agent.lost') {
      this.lost.push({ host, at: Date.parse(time) });
      monitor.agentLost(host);
    }
  }

  #fault(r: Parameters<typeof decode>[0]): void {
    const read = decode(r);
    if (!read.ok) throw new Error(read.reason);
    const { event: e } = read;
    const at: number = e.time;
    if (e.type === 'lifeboat.fault.confirmed') this.confirmed.push(...e.data.hosts.map((host) => ({ host, at })));
    if (e.type === 'lifeboat.fault.diagnosed') this.diagnosed.push(...e.data.hosts.map((host) => ({ host, at, verdict: e.data.verdict })));
    if (e.type === 'lifeboat.fault.held') this.held.push(...e.data.hosts.map((host) => ({ host, at, reason: e.data.reason })));
  }
}
