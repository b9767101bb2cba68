import { openAgentRegistry, wallClock } from '@lifeboat/backbone';
import type { Registration } from '@lifeboat/contracts';
import { type HostId, hostId, instant, vmId } from '@lifeboat/kernel';
import type { AgentSession, Registry } from '@lifeboat/ports';

const uuid = (kind: number, n: number) => `${String(kind).padStart(8, '0')}-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const hostName = (n: number): HostId => hostId(`compute-${String(n).padStart(5, '0')}`);

/** The agents of many hosts as the registry sees them, some hundreds to a session: they join again when it is lost, as agents do. */
export class Fleet {
  readonly #registries: Registry[] = [];
  readonly #sessions = new Map<number, AgentSession>();
  readonly #entries = new Map<number, Registration>();
  readonly #gone = new Set<number>();
  #closed = false;

  constructor(connectString: string, sessionMs: number, sessions: number) {
    for (let i = 0; i < sessions; i++)
      this.#registries.push(openAgentRegistry({ connectString, sessionMs, leaseMs: sessionMs }, wallClock()));
  }

  /** Those of `hosts` that are of this fleet. */
  async register(hosts: number, vmsEach: number, mine: (n: number) => boolean = () => true): Promise<void> {
    const at = wallClock().now();
    let next = 0;
    const one = async () => {
      for (let n = next++; n < hosts; n = next++) {
        if (!mine(n)) continue;
        this.#entries.set(n, {
          host: hostName(n),
          bootId: uuid(3, n),
          agentVersion: '0.1.0',
          startedAt: at,
          leaving: false,
          vmsKnown: true,
          vms: Array.from({ length: vmsEach }, (_, i) => ({ vm: vmId(uuid(2, n * vmsEach + i)), state: 'running' as const, since: at })),
          peers: [1, 2, 3, 4].map((d) => ({ peer: hostName((n + d * 41) % hosts), production: 'alive' as const, at })),
        });
        await this.#join(n);
      }
    };
    await Promise.all(Array.from({ length: 4 * this.#registries.length }, one));
  }

  async #join(n: number): Promise<void> {
    for (;;) {
      if (this.#closed || this.#gone.has(n)) return;
      const joined = await this.#registries[n % this.#registries.length]?.join(this.#entries.get(n) as Registration);
      if (joined?.ok) {
        this.#sessions.set(n, joined.value);
        void joined.value.over.then(() => this.#join(n));
        return;
      }
    }
  }

  /** One VM of the host changes its state. */
  async change(n: number): Promise<void> {
    const before = this.#entries.get(n);
    const session = this.#sessions.get(n);
    if (before === undefined || session === undefined || this.#gone.has(n)) return;
    const at = wallClock().now();
    const [first, ...rest] = before.vms;
    if (first === undefined) return;
    const now: Registration = {
      ...before,
      vms: [{ ...first, state: first.state === 'running' ? 'paused' : 'running', since: instant(at) }, ...rest],
    };
    this.#entries.set(n, now);
    await session.update(now);
  }

  /** Those who watch these hosts see them dead on the production network, this long from now. */
  async seeDead(hosts: readonly number[], afterMs: number): Promise<void> {
    await wallClock().sleep(afterMs);
    const dead = new Set<string>(hosts.map(hostName));
    const at = wallClock().now();
    for (const [n, before] of this.#entries) {
      if (!before.peers.some((p) => dead.has(p.peer))) continue;
      const peers = before.peers.map((p) => (dead.has(p.peer) ? { ...p, production: 'dead' as const, at } : p));
      this.#entries.set(n, { ...before, peers });
      await this.#sessions.get(n)?.update({ ...before, peers });
    }
  }

  /** The host's entry goes, without a good-bye: what is left of it when its session lapses. */
  async lose(n: number): Promise<void> {
    this.#gone.add(n);
    await this.#sessions.get(n)?.leave();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#registries.map((r) => r.close()));
  }
}
