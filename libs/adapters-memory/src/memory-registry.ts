import type { Registration } from '@lifeboat/contracts';
import { readRegistration } from '@lifeboat/contracts';
import type { HostId } from '@lifeboat/kernel';
import { hostId, invariant } from '@lifeboat/kernel';
import type { Clock, Registered } from '@lifeboat/ports';
import { MemoryRegistryClient } from './memory-registry-client.ts';

/** What the registry holds about a session; it learns of the client's death only by silence. */
export interface Session {
  readonly id: string;
  readonly client: MemoryRegistryClient;
  over: boolean;
  /** Set while the client is silent. */
  cancelExpiry: (() => void) | null;
}
export interface Place {
  readonly session: Session;
  readonly entry: Registered;
}
/** One who wants to lead; the first in the queue does. */
export interface Candidate {
  readonly session: Session;
  /** Of the election. */
  readonly name: string;
  readonly candidate: string;
}
interface Election {
  epoch: number;
  queue: Candidate[];
}
/** Who is told of changes. Only that something changed: what is, is read when the notice arrives. */
export interface Watcher {
  readonly changed: (host: HostId) => void;
}

export interface MemoryRegistryOptions {
  readonly sessionTimeoutMs: number;
  /** How long news takes from the registry to a client. */
  readonly noticeDelayMs?: () => number;
}

/** The registry's own side: it outlives its clients. Make one client for each process and each of its lives. */
export class MemoryRegistryCore {
  readonly clock: Clock;
  readonly sessionTimeoutMs: number;
  readonly noticeDelayMs: () => number;
  readonly watchers = new Set<Watcher>();
  readonly #places = new Map<HostId, Place>();
  readonly #elections = new Map<string, Election>();
  readonly #groups = new Map<string, Map<string, Session>>();
  readonly #sessions = new Set<Session>();
  readonly #clients = new Set<MemoryRegistryClient>();
  #sessionCount = 0;
  #up = true;

  constructor(clock: Clock, options: MemoryRegistryOptions) {
    invariant(options.sessionTimeoutMs > 0, 'MemoryRegistryCore: sessionTimeoutMs is positive');
    this.clock = clock;
    this.sessionTimeoutMs = options.sessionTimeoutMs;
    this.noticeDelayMs = options.noticeDelayMs ?? (() => 0);
  }

  client(name: string): MemoryRegistryClient {
    const client = new MemoryRegistryClient(this, name);
    this.#clients.add(client);
    return client;
  }

  gone(client: MemoryRegistryClient): void {
    this.#clients.delete(client);
  }

  get up(): boolean {
    return this.#up;
  }

  /** The whole registry goes away. No session expires meanwhile. */
  down(): void {
    if (!this.#up) return;
    this.#up = false;
    for (const s of this.#sessions) this.heard(s);
    for (const c of this.#clients) if (c.reachable()) c.disconnected();
  }

  /** It comes back with everything it held; the clock of every session starts anew. */
  back(): void {
    if (this.#up) return;
    this.#up = true;
    for (const s of this.#sessions) if (!s.client.reachable()) this.silent(s, this.clock.monotonic());
    for (const c of [...this.#clients]) if (c.reachable()) c.reconnected();
  }

  open(client: MemoryRegistryClient): Session {
    const session: Session = { id: `s${++this.#sessionCount}`, client, over: false, cancelExpiry: null };
    this.#sessions.add(session);
    return session;
  }

  /** Nothing comes from this session any more; `lastHeard` is when its last heartbeat was sent. */
  silent(session: Session, lastHeard: number): void {
    if (!this.#up || session.over || session.cancelExpiry !== null) return;
    const heard = new AbortController();
    session.cancelExpiry = () => heard.abort();
    const left = lastHeard + this.sessionTimeoutMs - this.clock.monotonic();
    void this.clock.sleep(left, heard.signal).then(() => {
      if (!heard.signal.aborted) this.end(session);
    });
  }

  /** Ends a client's session as if it had been silent for too long, for whatever reason. */
  expire(client: MemoryRegistryClient): void {
    for (const s of [...this.#sessions]) if (s.client === client) this.end(s);
  }

  heard(session: Session): void {
    session.cancelExpiry?.();
    session.cancelExpiry = null;
  }

  /** Expiry or a good-bye: everything of the session goes at once. */
  end(session: Session): void {
    if (session.over) return;
    session.over = true;
    session.cancelExpiry?.();
    this.#sessions.delete(session);
    for (const [host, place] of [...this.#places]) if (place.session === session) this.remove(host, session);
    for (const election of this.#elections.values()) this.#withdraw(election, (c) => c.session === session);
    for (const [group, members] of this.#groups) for (const [name, s] of [...members]) if (s === session) this.part(group, name, session);
    session.client.sessionEnded(session);
  }

  place(host: HostId): Place | undefined {
    return this.#places.get(host);
  }

  get size(): number {
    return this.#places.size;
  }

  view(): ReadonlyMap<HostId, Registered> {
    return new Map([...this.#places].map(([host, place]) => [host, place.entry]));
  }

  put(host: HostId, session: Session, registration: Registration): void {
    const before = this.#places.get(host)?.session;
    this.#places.set(host, { session, entry: { kind: 'host', session: session.id, registration } });
    if (before !== undefined && before !== session) before.client.displaced();
    this.#changed(host);
  }

  /** Lays any text under a host's name, as a faulty agent might. */
  plant(host: string, raw: string, by: MemoryRegistryClient): void {
    const session = by.session;
    invariant(session !== null, 'plant: the client has a session');
    this.#places.set(hostId(host), { session, entry: readEntry(host, session.id, raw) });
    this.#changed(hostId(host));
  }

  remove(host: HostId, session: Session): void {
    if (this.#places.get(host)?.session !== session) return;
    this.#places.delete(host);
    this.#changed(host);
  }

  stand(candidate: Candidate): void {
    this.#election(candidate.name).queue.push(candidate);
  }

  withdraw(candidate: Candidate): void {
    this.#withdraw(this.#election(candidate.name), (c) => c === candidate);
  }

  isFirst(candidate: Candidate): boolean {
    return this.#election(candidate.name).queue[0] === candidate;
  }

  /** Who is first in line, for people who look. */
  leader(name: string): string | null {
    return this.#election(name).queue[0]?.candidate ?? null;
  }

  members(group: string): readonly string[] {
    return [...(this.#groups.get(group)?.keys() ?? [])].sort();
  }

  gather(group: string, member: string, session: Session): void {
    const members = this.#groups.get(group) ?? new Map<string, Session>();
    this.#groups.set(group, members);
    if (members.get(member) === session) return;
    members.set(member, session);
    for (const c of this.#clients) c.membersChanged();
  }

  part(group: string, member: string, session: Session): void {
    const members = this.#groups.get(group);
    if (members?.get(member) !== session) return;
    members.delete(member);
    for (const c of this.#clients) c.membersChanged();
  }

  nextEpoch(name: string, atLeast: number): number {
    const election = this.#election(name);
    election.epoch = Math.max(election.epoch, atLeast) + 1;
    return election.epoch;
  }

  #withdraw(election: Election, leaves: (c: Candidate) => boolean): void {
    const first = election.queue[0];
    election.queue = election.queue.filter((c) => !leaves(c));
    const next = election.queue[0];
    if (next !== first) next?.session.client.mayLead();
  }

  #election(name: string): Election {
    let election = this.#elections.get(name);
    if (election === undefined) {
      election = { epoch: 0, queue: [] };
      this.#elections.set(name, election);
    }
    return election;
  }

  #changed(host: HostId): void {
    for (const w of this.watchers) w.changed(host);
  }
}

function readEntry(host: string, session: string, raw: string): Registered {
  const read = readRegistration(host, raw);
  return read.ok ? { kind: 'host', session, registration: read.registration } : { kind: 'malformed', session, reason: read.reason, raw };
}
