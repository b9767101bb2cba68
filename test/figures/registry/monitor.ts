import { encode, type LifeboatEvent, type Signals } from '@lifeboat/contracts';
import { type EventId, type HostId, type Instant, instant, rackId } from '@lifeboat/kernel';
import type { Bus } from '@lifeboat/ports';

const ROUND_MS = 1_000;
/** From the cut: two silent rounds, and the time limit of a fence device that does not answer after that. */
const SILENT_AFTER_MS = 2_000;
const POWER_KNOWN_AFTER_MS = 7_000;

/** Of hosts whose agent is lost and that answer, it tells every so many rounds. */
const AGENTLESS_ROUNDS = 4;

/** Tells what the node-monitor would: rounds, and of silent hosts every second what it sees of them. */
export class Monitor {
  readonly #bus: Bus;
  readonly #hosts: readonly HostId[];
  readonly #rackSize: number;
  readonly #lost = new Map<HostId, number>();
  readonly #agentless = new Set<HostId>();
  #sequence = 0;
  #round = 0;

  constructor(bus: Bus, hosts: readonly HostId[], rackSize: number, signal: AbortSignal) {
    this.#bus = bus;
    this.#hosts = hosts;
    this.#rackSize = rackSize;
    const timer = setInterval(() => void this.#tell(), ROUND_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
  }

  lose(hosts: readonly HostId[], at: number): void {
    for (const host of hosts) this.#lost.set(host, at);
  }

  /** Their agents were told lost, and they answer. */
  agentLost(host: HostId): void {
    if (!this.#lost.has(host)) this.#agentless.add(host);
  }

  agentBack(host: HostId): void {
    this.#agentless.delete(host);
  }

  async #tell(): Promise<void> {
    const at = instant(Date.now());
    const silent = new Map([...this.#lost].filter(([, since]) => at - since >= SILENT_AFTER_MS));
    const racks = Array.from({ length: this.#hosts.length / this.#rackSize }, (_, i) => {
      const hosts = this.#hosts.slice(i * this.#rackSize, (i + 1) * this.#rackSize);
      const dead = hosts.filter((h) => silent.has(h)).length;
      return { rack: rackId(`rack-${i}`), alive: hosts.length - dead, dead };
    });
    this.#round += 1;
    const round = this.#round;
    const agentless = round % AGENTLESS_ROUNDS === 0 ? [...this.#agentless] : [];
    const observed = (host: HostId, seen: Signals) => this.#event('lifeboat.node.observed', { host, round, signals: seen, at }, at);
    const events = [
      ...[...silent].map(([host, since]) => observed(host, signals(at, at - since))),
      ...agentless.map((host) => observed(host, { management: { is: 'alive', at }, ssh: { is: 'works', at } })),
      this.#event('lifeboat.round.completed', { round, observer: 'sound', racks, startedAt: at, at }, at),
    ];
    await this.#bus.publish(events.map(encode));
  }

  #event(type: LifeboatEvent['type'], data: object, at: Instant): LifeboatEvent {
    this.#sequence += 1;
    const id = this.#sequence.toString(16).padStart(32, '0') as EventId;
    return { type, data, id, source: 'node-monitor/1', time: at, sequence: this.#sequence } as LifeboatEvent;
  }
}

const signals = (at: Instant, sinceCut: number): Signals => ({
  management: { is: 'dead', at },
  ssh: { is: 'dead', at },
  ...(sinceCut >= POWER_KNOWN_AFTER_MS ? { power: { is: 'unreachable' as const, at } } : {}),
});
