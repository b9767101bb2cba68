import { runAgent } from '@lifeboat/agent';
import type { HostId } from '@lifeboat/kernel';
import { machineUuidOf, SimPeerProber, SimVmSource } from '@lifeboat/world';
import { Life } from './life.ts';
import type { EmbeddedRegion } from './region.ts';

/** The agents of all hosts: each lives while the world says that its process does, and is cut off when its host is. */
export class Agents {
  readonly #region: EmbeddedRegion;
  readonly #lives = new Map<HostId, Life>();
  #stopListening: () => void = () => undefined;

  constructor(region: EmbeddedRegion) {
    this.#region = region;
  }

  start(): void {
    const { world } = this.#region;
    this.#stopListening = world.onFact((f) => {
      if (f.kind === 'agent') f.alive ? this.#start(f.host) : this.#kill(f.host);
      if (f.kind === 'management') f.up ? this.#lives.get(f.host)?.registry.heal() : this.#lives.get(f.host)?.registry.cut();
    });
    for (const h of world.hosts.values()) if (h.agent) this.#start(h.spec.host);
  }

  stop(): void {
    this.#stopListening();
    for (const host of [...this.#lives.keys()]) this.#kill(host);
  }

  lifeOf(host: HostId): Life | undefined {
    return this.#lives.get(host);
  }

  #start(host: HostId): void {
    if (this.#lives.has(host)) return;
    const { world, clock, registry } = this.#region;
    const life = new Life(registry.client(`agent/${host}`));
    this.#lives.set(host, life);
    if (!world.onManagement(host)) life.registry.cut();
    void runAgent({
      registry: life.registry,
      vmSource: life.guard(new SimVmSource(world, host)),
      prober: life.guard(new SimPeerProber(world, host)),
      clock: life.guard(clock),
      topology: () => world.topology,
      host,
      bootId: world.host(host).bootId,
      machineUuid: machineUuidOf(host),
      signal: life.signal,
    });
  }

  #kill(host: HostId): void {
    this.#lives.get(host)?.kill();
    this.#lives.delete(host);
  }
}
