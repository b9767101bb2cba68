import type { Registration } from '@lifeboat/contracts';
import type { Epoch, HostId, Outcome } from '@lifeboat/kernel';
import { done, epoch, failed, ok } from '@lifeboat/kernel';
import type { AgentSession, Lease, Registry, RegistryObserver, RegistryWatch } from '@lifeboat/ports';
import type { Candidate, MemoryRegistryCore, Session } from './memory-registry.ts';
import { Watch } from './memory-registry-watch.ts';

/** A lease ends for its holder this much of the session timeout after the last heartbeat: before anybody else can get it. */
const LEASE_SHARE = 0.8;
const HEARTBEATS_PER_TIMEOUT = 3;

interface Agent {
  readonly host: HostId;
  readonly session: Session;
  readonly end: (reason: string) => void;
}
interface Held {
  readonly candidate: Candidate;
  readonly lost: AbortController;
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/**
 * One process's link to the registry. While it is alive and connected it sends a heartbeat every third of the session
 * timeout; those are reckoned, not sent one by one, so that a quiet world costs no timers.
 */
export class MemoryRegistryClient implements Registry {
  readonly name: string;
  readonly #core: MemoryRegistryCore;
  #session: Session | null = null;
  #cut = false;
  #killed = false;
  #closed = false;
  /** When the heartbeats began; null: not connected, and `#lastHeard` stands still. */
  #since: number | null = null;
  #lastHeard = 0;
  #reconnection = new AbortController();
  readonly #agents = new Set<Agent>();
  readonly #held = new Set<Held>();
  readonly #watches = new Set<Watch>();
  readonly #waiting = new Set<() => void>();

  constructor(core: MemoryRegistryCore, name: string) {
    this.#core = core;
    this.name = name;
    if (core.up) this.reconnected();
  }

  get session(): Session | null {
    return this.#session;
  }

  // ---- what may happen to the process and its network ----

  cut(): void {
    if (this.#cut || this.#killed || this.#closed) return;
    this.disconnected();
    this.#cut = true;
    if (this.#session !== null) this.#core.silent(this.#session, this.#lastHeard);
  }

  heal(): void {
    if (!this.#cut || this.#killed || this.#closed) return;
    this.#cut = false;
    if (this.#core.up) this.reconnected();
  }

  /** The process dies: nothing here is answered any more, and nobody is told. */
  kill(): void {
    if (this.#killed || this.#closed) return;
    this.#stopHeartbeats();
    this.#killed = true;
    this.#reconnection.abort();
    this.#forgetWatches();
    if (this.#session !== null) this.#core.silent(this.#session, this.#lastHeard);
    this.#core.gone(this);
  }

  // ---- what the registry tells its client ----

  reachable(): boolean {
    return !this.#cut && !this.#killed && !this.#closed;
  }

  disconnected(): void {
    if (this.#since === null) return;
    this.#stopHeartbeats();
    this.#reconnection = new AbortController();
    const again = this.#reconnection.signal;
    const left = this.#lastHeard + LEASE_SHARE * this.#core.sessionTimeoutMs - this.#core.clock.monotonic();
    void this.#core.clock.sleep(left, again).then(() => {
      if (!again.aborted) for (const h of [...this.#held]) h.lost.abort();
    });
  }

  reconnected(): void {
    this.#reconnection.abort();
    this.#since = this.#core.clock.monotonic();
    const before = this.#session;
    if (before === null || before.over) this.#session = this.#core.open(this);
    else this.#core.heard(before);
    if (before?.over) this.#ended(before, 'the session has expired');
    for (const h of [...this.#held]) if (h.lost.signal.aborted) this.#giveUp(h);
    this.displaced();
    for (const w of this.#watches) w.gap();
    this.#wake();
  }

  sessionEnded(session: Session): void {
    if (this.connected() && session === this.#session) this.reconnected();
  }

  /** Somebody else may stand under the name of one of our agents. */
  displaced(): void {
    if (!this.connected()) return;
    for (const a of [...this.#agents])
      if (this.#core.place(a.host)?.session !== a.session) a.end('another session has taken the name over');
  }

  mayLead(): void {
    if (this.connected()) this.#wake();
  }

  membersChanged(): void {
    if (this.connected()) this.#wake();
  }

  // ---- the port ----

  connected(): boolean {
    return this.#since !== null && this.reachable();
  }

  join(r: Registration): Promise<Outcome<AgentSession, 'REGISTRY_UNREACHABLE' | 'REGISTRY_TAKEN'>> {
    return this.#call((session) => {
      const place = this.#core.place(r.host);
      if (place !== undefined && place.session !== session) {
        // the same boot of the same host: our own former life, which need not run out
        const ours = place.entry.kind === 'host' && place.entry.registration.bootId === r.bootId;
        if (!ours) return failed('REGISTRY_TAKEN', `${r.host} is registered by session ${place.session.id}, of another boot`);
      }
      for (const a of [...this.#agents]) if (a.host === r.host) a.end('joined anew');
      this.#core.put(r.host, session, r);
      return ok(this.#agent(r.host, session));
    });
  }

  async watch(
    observer: RegistryObserver,
    concerns: (host: HostId) => boolean = () => true,
  ): Promise<Outcome<RegistryWatch, 'REGISTRY_UNREACHABLE'>> {
    const reached = await this.#call(() => done);
    if (!reached.ok) return reached;
    const watch = new Watch(this.#core, observer, concerns, () => this.connected());
    this.#watches.add(watch);
    this.#core.watchers.add(watch);
    await watch.gap();
    if (this.#killed) return never();
    return ok({
      settle: async () => {
        const reached = await this.#call(() => done);
        return reached.ok && watch.settle();
      },
      close: async () => {
        this.#watches.delete(watch);
        this.#core.watchers.delete(watch);
        watch.close();
      },
    });
  }

  async campaign(
    name: string,
    candidate: string,
    options: { readonly signal: AbortSignal; readonly atLeast?: Epoch },
  ): Promise<Lease | null> {
    let standing = null as Candidate | null;
    for (;;) {
      if (this.#killed) return never();
      if (options.signal.aborted || this.#closed) {
        if (standing !== null) this.#core.withdraw(standing);
        return null;
      }
      const session = this.#session;
      if (this.connected() && session !== null) {
        if (standing?.session !== session) {
          standing = { session, name, candidate };
          this.#core.stand(standing);
        }
        if (this.#core.isFirst(standing)) {
          await this.#core.clock.sleep(this.#core.noticeDelayMs());
          if (options.signal.aborted || this.#closed || !this.connected() || session.over || this.#session !== session) continue;
          return this.#lead(standing, epoch(this.#core.nextEpoch(name, options.atLeast ?? 0)));
        }
      }
      await this.#change(options.signal);
    }
  }

  async gather(
    group: string,
    member: string,
    { signal, onMembers }: { readonly signal: AbortSignal; readonly onMembers: (members: readonly string[]) => void },
  ): Promise<void> {
    let told = '';
    for (;;) {
      if (this.#killed) return never();
      const session = this.#session;
      if (signal.aborted || this.#closed) {
        if (session !== null && this.connected()) this.#core.part(group, member, session);
        return;
      }
      if (this.connected() && session !== null) {
        this.#core.gather(group, member, session);
        await this.#core.clock.sleep(this.#core.noticeDelayMs());
        const members = this.#core.members(group);
        if (signal.aborted || this.#session !== session || !this.connected()) continue;
        if (members.join(' ') !== told) {
          told = members.join(' ');
          onMembers(members);
          continue;
        }
      }
      await this.#change(signal);
    }
  }

  async close(): Promise<void> {
    if (this.#killed) return never();
    if (this.#closed) return;
    const session = this.#session;
    const connected = this.connected();
    this.#stopHeartbeats();
    this.#closed = true;
    this.#reconnection.abort();
    this.#forgetWatches();
    this.#core.gone(this);
    if (session !== null) {
      if (connected) this.#core.end(session);
      this.#ended(session, 'closed');
    }
    this.#wake();
  }

  // ---- inside ----

  /** When the last answered heartbeat was sent. */
  #heardAt(): number {
    if (this.#since === null) return this.#lastHeard;
    const every = this.#core.sessionTimeoutMs / HEARTBEATS_PER_TIMEOUT;
    return this.#since + Math.floor((this.#core.clock.monotonic() - this.#since) / every) * every;
  }

  #stopHeartbeats(): void {
    this.#lastHeard = this.#heardAt();
    this.#since = null;
  }

  /** A request: waits a while for the connection; a killed process never gets an answer. */
  async #call<T, F>(request: (session: Session) => T | F): Promise<T | F | ReturnType<typeof unreachable>> {
    if (!this.connected() && !this.#killed) await this.#core.clock.sleep(this.#core.sessionTimeoutMs / 2, this.#reconnection.signal);
    const answer = this.connected() && this.#session !== null ? request(this.#session) : unreachable(this.name);
    await Promise.resolve();
    return this.#killed ? never() : answer;
  }

  #agent(host: HostId, session: Session): AgentSession {
    let end: (reason: string) => void = () => undefined;
    const over = new Promise<string>((resolve) => {
      end = (reason) => {
        if (!this.#agents.delete(agent)) return;
        resolve(reason);
      };
    });
    const agent: Agent = { host, session, end };
    this.#agents.add(agent);
    return {
      id: session.id,
      over,
      update: (r) =>
        this.#call(() => {
          if (!this.#agents.has(agent)) return failed('REGISTRY_UNREACHABLE', `the session of ${host} is over: join again`);
          this.#core.put(host, session, r);
          return done;
        }),
      leave: async () => {
        if (this.#agents.has(agent) && this.connected()) this.#core.remove(host, session);
        if (!this.#killed) end('left');
      },
    };
  }

  #lead(candidate: Candidate, epoch: Epoch): Lease {
    const held: Held = { candidate, lost: new AbortController() };
    this.#held.add(held);
    return {
      epoch,
      valid: () => !held.lost.signal.aborted && this.#core.clock.monotonic() < this.#heardAt() + LEASE_SHARE * this.#core.sessionTimeoutMs,
      lost: held.lost.signal,
      release: async () => {
        held.lost.abort();
        if (this.connected()) this.#giveUp(held);
      },
    };
  }

  #giveUp(held: Held): void {
    this.#held.delete(held);
    this.#core.withdraw(held.candidate);
  }

  #ended(session: Session, reason: string): void {
    for (const a of [...this.#agents]) if (a.session === session) a.end(reason);
    for (const h of [...this.#held]) {
      if (h.candidate.session !== session) continue;
      this.#held.delete(h);
      h.lost.abort();
    }
  }

  #forgetWatches(): void {
    for (const w of this.#watches) {
      w.close();
      this.#core.watchers.delete(w);
    }
    this.#watches.clear();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}

const unreachable = (name: string) => failed('REGISTRY_UNREACHABLE', `${name} is cut off from the registry in memory`);
