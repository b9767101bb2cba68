import { named, type PeerView, type VmReport } from '@lifeboat/contracts';
import { done, failed, type HostId, type Outcome, ok } from '@lifeboat/kernel';
import type { DumpReports, Prober, Reach, RemoteShell, VmSource } from '@lifeboat/ports';
import type { SimHost } from './model.ts';
import type { Prng } from './prng.ts';
import type { World } from './world.ts';

const ANSWER_MS = [1, 20] as const;

/** Looks over one network from one place: a silent address costs the whole time limit, as it does in reality. */
abstract class NetworkProber implements Prober {
  protected readonly world: World;
  readonly #prng: Prng;

  constructor(world: World, name: string) {
    this.world = world;
    this.#prng = world.prng.fork(`probe/${name}`);
  }

  protected abstract answers(h: SimHost, address: string): boolean;
  protected abstract unfit(): string | null;

  async reach(addresses: readonly string[], timeLimitMs: number): Promise<ReadonlyMap<string, Reach>> {
    const seen = addresses.map((address): readonly [string, Reach] => {
      const h = this.world.byAddress(address);
      if (h === undefined) return [address, { alive: false, detail: 'no such host' }];
      if (!this.answers(h, address)) return [address, { alive: false, detail: `no answer in ${timeLimitMs} ms` }];
      if (this.#prng.chance(this.world.probeLoss)) return [address, { alive: false, detail: 'lost on the way' }];
      return [address, { alive: true, detail: 'answers' }];
    });
    await this.world.clock.sleep(seen.every(([, r]) => r.alive) ? this.#prng.between(...ANSWER_MS) : timeLimitMs);
    return new Map(seen);
  }

  unfitBecause(): Promise<string | null> {
    return Promise.resolve(this.unfit());
  }
}

/** A monitor's view of the management network. */
export class SimProber extends NetworkProber {
  readonly #observer: string;

  constructor(world: World, options: { readonly observer: string }) {
    super(world, options.observer);
    this.#observer = options.observer;
  }
  protected answers(h: SimHost, address: string): boolean {
    return this.world.observerCut(this.#observer) === null && address === h.spec.managementAddress && this.world.onManagement(h.spec.host);
  }
  protected unfit(): string | null {
    return this.world.observerCut(this.#observer)?.knowsIt === true ? 'no carrier on the management link' : null;
  }
}

/** An agent's view of its peers over the production network, from its host. */
export class SimPeerProber extends NetworkProber {
  readonly #host: HostId;

  constructor(world: World, host: HostId) {
    super(world, `peer/${host}`);
    this.#host = host;
  }
  protected answers(h: SimHost, address: string): boolean {
    return address === h.spec.productionAddress && this.world.onProduction(this.#host) && this.world.onProduction(h.spec.host);
  }
  protected unfit(): string | null {
    return this.world.host(this.#host).productionLink ? null : 'no carrier on the production link';
  }
}

/** What the prober of an agent on `host` would report of these peers, now. */
export const peersView = (world: World, host: HostId, peers: readonly HostId[]): readonly PeerView[] =>
  peers.map((peer) => ({ peer, production: world.onProduction(host) && world.onProduction(peer) ? 'alive' : 'dead', at: world.now() }));

/** Crash kernels speak on the management network. */
export class SimDumps implements DumpReports {
  readonly #world: World;
  readonly #observer: string;

  constructor(world: World, options: { readonly observer: string }) {
    this.#world = world;
    this.#observer = options.observer;
  }
  listen(heard: (managementAddress: string) => void): () => void {
    return this.#world.onFact((f) => {
      if (f.kind !== 'dump' || f.is !== 'said' || this.#world.observerCut(this.#observer) !== null) return;
      const { spec, managementLink } = this.#world.host(f.host);
      if (managementLink && this.#world.rack(spec.rack).managementSwitch) heard(spec.managementAddress);
    });
  }
}

export class SimShell implements RemoteShell {
  readonly #world: World;
  readonly #observer: string;
  readonly #prng: Prng;

  constructor(world: World, options: { readonly observer: string }) {
    this.#world = world;
    this.#observer = options.observer;
    this.#prng = world.prng.fork(`shell/${options.observer}`);
  }

  async login(address: string): Promise<Outcome<undefined, 'SSH_UNREACHABLE' | 'SSH_REFUSED'>> {
    const h = this.#world.byAddress(address);
    const answers = h !== undefined && this.#world.onManagement(h.spec.host) && this.#world.observerCut(this.#observer) === null;
    await this.#world.clock.sleep(answers ? this.#prng.between(50, 300) : 3_000);
    return answers ? done : failed('SSH_UNREACHABLE', `${address}: no answer on port 22`);
  }

  async restartAgent(address: string): Promise<Outcome<undefined, 'SSH_UNREACHABLE' | 'SSH_REFUSED' | 'COMMAND_FAILED'>> {
    const login = await this.login(address);
    const h = this.#world.byAddress(address);
    if (!login.ok || h === undefined) return login;
    await this.#world.clock.sleep(this.#prng.between(500, 2_000));
    if (h.agentBroken) return failed('COMMAND_FAILED', 'systemctl restart lifeboat-agent: exit code 1');
    if (h.agent) this.#world.killAgent(h.spec.host);
    this.#world.startAgent(h.spec.host);
    return h.agent ? done : failed('COMMAND_FAILED', 'the host went down during the restart');
  }
}

/** What the hypervisor of one host knows: guests that run and guests that do not. */
export class SimVmSource implements VmSource {
  readonly #world: World;
  readonly #host: HostId;

  constructor(world: World, host: HostId) {
    this.#world = world;
    this.#host = host;
  }

  vms(): Promise<Outcome<readonly VmReport[], 'VMS_UNREADABLE'>> {
    const h = this.#world.host(this.#host);
    if (h.os !== 'up' || !h.libvirtAnswers) return Promise.resolve(failed('VMS_UNREADABLE', 'the hypervisor does not answer'));
    const reports: VmReport[] = [];
    for (const v of this.#world.vms.values()) {
      const what = { vm: v.spec.vm, ...named(v.spec.name) };
      const copy = v.copies.get(this.#host);
      const idle = v.defined.get(this.#host);
      if (copy !== undefined) reports.push({ ...what, state: copy.state, since: copy.since });
      else if (idle !== undefined) reports.push({ ...what, state: idle.state, reason: idle.reason, since: idle.since });
    }
    return Promise.resolve(ok(reports));
  }

  endAll(): Promise<Outcome<number, 'VMS_UNREADABLE'>> {
    const running = this.#world.runningOn(this.#host);
    for (const vm of running) this.#world.endCopy(vm, this.#host, 'shut-off', 'its agent is all alone');
    return Promise.resolve(ok(running.length));
  }

  onChange(changed: () => void): () => void {
    return this.#world.onFact((f) => {
      if (f.kind === 'copy' && f.host === this.#host) changed();
    });
  }
}
