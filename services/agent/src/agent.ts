import { policyOf, type Registration, type Topology } from '@lifeboat/contracts';
import { describeFailure, type HostId, stableId } from '@lifeboat/kernel';
import type { AgentSession, Clock, Prober, Registry, VmSource } from '@lifeboat/ports';
import { type AgentState, leaving, registrationOf, sawPeers, sawVms, starting, whatToWrite } from './decide/decide.ts';
import { calm, isToEnd, lookAround, type Watchdog } from './decide/watchdog.ts';
import { peersOf } from './peers.ts';

export interface AgentOptions {
  readonly registry: Registry;
  readonly vmSource: VmSource;
  readonly prober: Prober;
  readonly clock: Clock;
  /** null while there is no readable topology: then no peers are probed. */
  readonly topology: () => Topology | null;
  readonly host: HostId;
  readonly bootId: string;
  /** As the machine's BMC should know it; absent where the host does not tell. */
  readonly machineUuid?: string;
  /** Aborts: the agent says that it is leaving, and leaves. With the reason 'killed' it just stops, as a machine without power does. */
  readonly signal: AbortSignal;
  readonly version?: string;
  readonly timings?: Partial<AgentTimings>;
  readonly joined?: (session: string) => void;
  readonly lost?: (why: string) => void;
  readonly trouble?: (what: string) => void;
}
export interface AgentTimings {
  readonly probeEveryMs: number;
  readonly probeLimitMs: number;
  /** VMs are read when the source says that something changed, and so often anyway. */
  readonly vmsEveryMs: number;
  /** Changes of one moment are written together. */
  readonly debounceMs: number;
  readonly rejoinFirstMs: number;
  readonly rejoinMostMs: number;
}
export const defaultTimings: AgentTimings = {
  probeEveryMs: 1_000,
  probeLimitMs: 800,
  vmsEveryMs: 10_000,
  debounceMs: 100,
  rejoinFirstMs: 200,
  rejoinMostMs: 5_000,
};

/** Runs until `signal` aborts. Nothing that the registry, the hypervisor or the network does ends it. */
export async function runAgent(options: AgentOptions): Promise<void> {
  await new Agent(options).run();
}

/** Something to wait for that may happen before one waits. */
class Bell {
  #rung = false;
  #wake: (() => void) | null = null;
  ring = (): void => {
    this.#rung = true;
    this.#wake?.();
  };
  async rings(): Promise<void> {
    if (!this.#rung)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#wake = null;
    this.#rung = false;
  }
}

class Agent {
  readonly #o: AgentOptions;
  readonly #t: AgentTimings;
  readonly #changed = new Bell();
  readonly #vmsChanged = new Bell();
  #state: AgentState;
  #watchdog: Watchdog = calm;
  #registered = false;
  #isolations = 0;
  #troubled = '';

  constructor(o: AgentOptions) {
    this.#o = o;
    this.#t = { ...defaultTimings, ...o.timings };
    const machine = o.machineUuid === undefined ? {} : { machineUuid: o.machineUuid };
    this.#state = { ...starting(o.host, o.bootId, o.version ?? '0.1.0', o.clock.now()), ...machine };
  }

  async run(): Promise<void> {
    const { signal, vmSource } = this.#o;
    const forget = vmSource.onChange(this.#vmsChanged.ring);
    const wake = () => {
      this.#changed.ring();
      this.#vmsChanged.ring();
    };
    signal.addEventListener('abort', wake);
    // The first entry should already say what runs here; a hypervisor that hangs must not keep the host unregistered.
    await Promise.race([this.#readVms(), this.#o.clock.sleep(this.#t.vmsEveryMs, signal)]);
    await Promise.all([this.#keepVms(), this.#keepPeers(), this.#keepRegistered()]);
    signal.removeEventListener('abort', wake);
    forget();
  }

  #see(next: AgentState): void {
    this.#state = next;
    this.#changed.ring();
  }

  /** Said once until something else is wrong. */
  #trouble(what: string): void {
    if (what !== this.#troubled) this.#o.trouble?.(what);
    this.#troubled = what;
  }

  async #readVms(): Promise<void> {
    const vms = await this.#o.vmSource.vms();
    if (!vms.ok) this.#trouble(describeFailure(vms));
    this.#see(sawVms(this.#state, vms.ok ? vms.value : null));
  }

  async #keepVms(): Promise<void> {
    const { clock, signal } = this.#o;
    while (!signal.aborted) {
      const waited = new AbortController();
      const pause = clock.sleep(this.#t.vmsEveryMs, waited.signal);
      await Promise.race([this.#vmsChanged.rings(), pause]);
      waited.abort();
      if (!signal.aborted) await this.#readVms();
    }
  }

  async #keepPeers(): Promise<void> {
    const { clock, signal, prober, host } = this.#o;
    let known: Topology | null = null;
    let peers: ReturnType<typeof peersOf> = [];
    while (!signal.aborted) {
      const topology = this.#o.topology();
      if (topology !== known) peers = topology === null ? [] : peersOf(topology, host);
      known = topology;
      const startedAt = clock.monotonic();
      const reach = await prober.reach(
        peers.map((p) => p.address),
        this.#t.probeLimitMs,
      );
      const answered = new Map(
        peers.flatMap((p) => {
          const r = reach.get(p.address);
          return r === undefined ? [] : [[p.host, r.alive] as const];
        }),
      );
      this.#see(
        sawPeers(
          this.#state,
          peers.map((p) => p.host),
          answered,
          clock.now(),
        ),
      );
      const silent = [...answered.values()].filter((alive) => !alive).length;
      await this.#watchOverItself(peers.length, silent, topology);
      await clock.sleep(Math.max(50, startedAt + this.#t.probeEveryMs - clock.monotonic()), signal);
    }
  }

  /**
   * All alone for longer than the cluster's policy allows: others may start the VMs elsewhere soon, so they end here. From then
   * on this counts as another start of the host: nothing that ran on it runs any more, and who sees it again must know.
   */
  async #watchOverItself(asked: number, silent: number, topology: Topology | null): Promise<void> {
    const { clock, vmSource, registry, host, bootId } = this.#o;
    const around = { registry: this.#registered && registry.connected(), peersAsked: asked, peersSilent: silent };
    this.#watchdog = lookAround(this.#watchdog, around, clock.monotonic());
    const cluster = topology?.hosts.find((h) => h.host === host)?.cluster;
    const afterMs = topology === null || cluster === undefined ? 0 : policyOf(topology, cluster).selfIsolationMs;
    if (vmSource.endAll === undefined || !isToEnd(this.#watchdog, afterMs, clock.monotonic())) return;
    const ended = await vmSource.endAll();
    if (!ended.ok) return this.#trouble(`alone, and the VMs could not be ended: ${describeFailure(ended)}`);
    this.#isolations += 1;
    this.#watchdog = { ...this.#watchdog, ended: true };
    this.#trouble(`reached neither the registry nor a peer for ${afterMs} ms: ended ${ended.value} VMs of this host (selfIsolationMs)`);
    this.#see({ ...this.#state, bootId: `${bootId}.alone-${this.#isolations}` });
  }

  async #keepRegistered(): Promise<void> {
    const { clock, signal, registry } = this.#o;
    for (let failures = 0; !signal.aborted; ) {
      const first = registrationOf(this.#state);
      const joined = await registry.join(first);
      if (joined.ok) {
        failures = 0;
        this.#troubled = '';
        this.#o.joined?.(joined.value.id);
        this.#registered = true;
        const why = await this.#keepEntry(joined.value, first);
        this.#registered = false;
        if (signal.aborted) return;
        this.#o.lost?.(why);
      } else {
        this.#trouble(describeFailure(joined));
      }
      await clock.sleep(this.#pauseMs(failures), signal);
      failures += 1;
    }
  }

  /** Keeps the entry up to date for as long as its session lives. */
  async #keepEntry(session: AgentSession, first: Registration): Promise<string> {
    const { clock, signal } = this.#o;
    let written = first;
    let over: string | null = null;
    void session.over.then((why) => {
      over = why;
      this.#changed.ring();
    });
    for (;;) {
      const next = whatToWrite(this.#state, written);
      if (next !== null) {
        const updated = await session.update(next);
        if (updated.ok) written = next;
        else {
          this.#trouble(describeFailure(updated));
          await clock.sleep(this.#t.rejoinFirstMs, signal);
        }
      }
      if (signal.aborted) return this.#leave(session);
      if (over !== null) return over;
      if (whatToWrite(this.#state, written) === null) await this.#changed.rings();
      if (!signal.aborted && over === null) await clock.sleep(this.#t.debounceMs, signal);
    }
  }

  async #leave(session: AgentSession): Promise<string> {
    if (this.#o.signal.reason === 'killed') return 'killed';
    // The entry says 'leaving' first: who watches can tell a good-bye from a loss.
    await session.update(registrationOf(leaving(this.#state)));
    await session.leave();
    return 'left';
  }

  /** Doubles, and differs from host to host: ten thousand agents must not come back in the same moment. */
  #pauseMs(failures: number): number {
    const most = Math.min(this.#t.rejoinFirstMs * 2 ** Math.min(failures, 10), this.#t.rejoinMostMs);
    const share = Number.parseInt(stableId(this.#o.host, this.#o.bootId, failures).slice(0, 6), 16) / 0xffffff;
    return Math.round(most * (0.5 + share / 2));
  }
}
