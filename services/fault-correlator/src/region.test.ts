// What the correlator's tests share: a small region, its evidence as events, and what was told about it in words.
import { type EventType, encode, type LifeboatEvent, type PeerView, type Signals } from '@lifeboat/contracts';
import {
  type ClusterId,
  clusterId,
  type EventId,
  epoch,
  type HostId,
  hostId,
  type IncidentId,
  type Instant,
  instant,
  rackId,
} from '@lifeboat/kernel';
import { type CorrelatorInput, correlate } from './decide.ts';
import { type CorrelatorSettings, defaultCorrelatorSettings, type HostPlace } from './settings.ts';
import { type CorrelatorState, initialState, type Standing } from './state.ts';

/** Three racks of three; the first letter of a host is its rack. */
export const HOSTS = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1', 'c2', 'c3'] as const;
const START = 1_000_000;

export const place = (host: string, change: Partial<HostPlace> = {}): [HostId, HostPlace] => [
  hostId(host),
  {
    host: hostId(host),
    cluster: clusterId('main'),
    rack: rackId(`rack-${host[0]}`),
    maintenance: false,
    onAgentFailure: 'alert',
    onProductionNetworkFailure: 'alert',
    ...change,
  },
];
export const settingsFor = (change: Partial<CorrelatorSettings> = {}): CorrelatorSettings => ({
  ...defaultCorrelatorSettings,
  places: new Map(HOSTS.map((h) => place(h))),
  brake: { clusterShare: 1, regionShare: 1, hosts: 100 },
  ...change,
});
/** Each host is watched by two of every other rack and by one of its own. */
const watchersOf = (host: string): string[] =>
  HOSTS.filter((h) => h !== host && (h[0] === host[0] ? h[1] === (host[1] === '1' ? '2' : '1') : h[1] !== '3'));

type Signal = NonNullable<Signals[keyof Signals]>['is'];
export type Look = Partial<Record<keyof Signals, Signal>>;

/** A region that is well, as the correlator hears of it. Time passes in `run`; looks at suspects are renewed there, as the monitor does. */
export class RegionStory {
  readonly settings: CorrelatorSettings;
  readonly told: { at: number; event: LifeboatEvent }[] = [];
  readonly heard: LifeboatEvent[] = [];
  state: CorrelatorState = initialState;
  now: number = START;
  observer: 'sound' | 'cut-off' = 'sound';
  rounds = true;
  readonly looks = new Map<string, Look>();
  readonly silentRacks = new Set<string>();
  #round = 0;
  #events = 0;
  #sessions = new Map<string, number>();
  /** What each agent's entry says of its peers: an agent always tells all of it. */
  readonly #said = new Map<string, Map<string, PeerView>>();

  constructor(settings: CorrelatorSettings = settingsFor(), unwatched: readonly string[] = []) {
    this.settings = settings;
    // it has been well for a while
    this.now -= 10_000;
    this.input({ kind: 'started', epoch: epoch(1), at: this.at });
    for (const host of HOSTS) this.registered(host);
    for (const host of HOSTS)
      this.views(
        host,
        Object.fromEntries(HOSTS.filter((h) => watchersOf(h).includes(host) && !unwatched.includes(h)).map((h) => [h, 'alive'])),
      );
    this.now += 10_000;
  }

  get at(): Instant {
    return instant(this.now);
  }

  input(input: CorrelatorInput): void {
    const step = correlate(this.settings)(this.state, input);
    this.state = step.state;
    for (const o of step.outputs) {
      if (o.kind !== 'tell') continue;
      const event = this.#event(o.event.type, o.event.data, o.event.incident);
      encode(event);
      this.told.push({ at: this.now, event });
    }
  }

  /** Any event, as it would be read from the bus: what does not fit its schema fails here. */
  hear<T extends EventType>(type: T, data: Extract<LifeboatEvent, { type: T }>['data']): void {
    const event = this.#event(type, data);
    encode(event);
    this.heard.push(event);
    this.input({ kind: 'event', event, at: this.at });
  }

  #event(type: EventType, data: object, incident?: IncidentId): LifeboatEvent {
    this.#events += 1;
    const id = this.#events.toString(16).padStart(32, '0') as EventId;
    const more = incident === undefined ? {} : { incident };
    return { type, data, id, source: 'test/1', time: this.at, sequence: this.#events, ...more } as LifeboatEvent;
  }

  session = (host: string): string => `${host}-s${this.#sessions.get(host) ?? 0}`;

  registered(host: string, bootId = 'boot-1', views: Record<string, 'alive' | 'dead'> = {}): void {
    this.#sessions.set(host, (this.#sessions.get(host) ?? 0) + 1);
    const data = { host: hostId(host), session: this.session(host), bootId, vms: [], peers: this.#say(host, views), at: this.at };
    this.hear('lifeboat.agent.registered', data);
  }

  #say(observer: string, views: Record<string, 'alive' | 'dead'>): PeerView[] {
    const said = this.#said.get(observer) ?? new Map<string, PeerView>();
    this.#said.set(observer, said);
    for (const [peer, production] of Object.entries(views)) said.set(peer, { peer: hostId(peer), production, at: this.at });
    return [...said.values()];
  }

  views(observer: string, views: Record<string, 'alive' | 'dead'>): void {
    const peers = this.#say(observer, views);
    const data = { host: hostId(observer), session: this.session(observer), changed: [], gone: [], peers, at: this.at };
    this.hear('lifeboat.agent.reported', data);
  }

  lost(host: string, session = this.session(host)): void {
    this.hear('lifeboat.agent.lost', { host: hostId(host), session, reason: 'session-lapsed', vms: [], at: this.at });
  }

  /** All its watchers see its production address so. */
  production(host: string, is: 'alive' | 'dead'): void {
    for (const observer of watchersOf(host)) this.views(observer, { [host]: is });
  }

  look(host: string, look: Look): void {
    this.looks.set(host, look);
    this.#observe(host, look);
  }

  #observe(host: string, look: Look): void {
    const signals = Object.fromEntries(Object.entries(look).map(([k, is]) => [k, { is, at: this.at }])) as Signals;
    this.hear('lifeboat.node.observed', { host: hostId(host), round: this.#round, signals, at: this.at });
  }

  round(): void {
    this.#round += 1;
    const racks = ['a', 'b', 'c'].map((r) => ({
      rack: rackId(`rack-${r}`),
      alive: this.silentRacks.has(r) ? 0 : 3,
      dead: this.silentRacks.has(r) ? 3 : 0,
    }));
    const reason = this.observer === 'sound' ? {} : { reason: 'the gateway is silent' };
    this.hear('lifeboat.round.completed', {
      round: this.#round,
      observer: this.observer,
      ...reason,
      racks,
      startedAt: this.at,
      at: this.at,
    });
  }

  restarted(host: string, succeeded: boolean, attempt: number): void {
    this.hear('lifeboat.agent.restarted', { host: hostId(host), succeeded, attempt, detail: 'systemctl', at: this.at });
  }

  opened(incident: IncidentId, hosts: readonly string[]): void {
    const how = { verdict: 'host failure', rule: '', highAvailability: true, automation: 'automatic' } as const;
    this.hear('lifeboat.incident.opened', { incident, ...how, hosts: hosts.map(hostId), clusters: [], at: this.at });
  }

  closed(incident: IncidentId, hosts: readonly string[], outcome: 'evacuated' | 'withdrawn' = 'evacuated'): void {
    const data = { incident, hosts: hosts.map(hostId), outcome, vms: [], openedAt: this.at, at: this.at };
    this.hear('lifeboat.incident.closed', data);
  }

  run(seconds: number): this {
    for (let i = 0; i < seconds; i++) {
      this.now += 1_000;
      if (this.rounds) this.round();
      for (const [host, look] of this.looks) this.#observe(host, look);
      this.input({ kind: 'tick', at: this.at });
    }
    return this;
  }

  /** It dies: its watchers see it, its session lapses, nothing answers; the fence device still does. */
  dies(host: string, power: 'on' | 'off' | 'unreachable' = 'on'): void {
    this.production(host, 'dead');
    this.lost(host);
    this.look(host, { management: 'dead', ssh: 'dead', power });
  }

  returns(host: string, bootId = 'boot-1'): void {
    this.registered(host, bootId);
    this.production(host, 'alive');
    this.look(host, { management: 'alive', ssh: 'works', power: 'on' });
  }

  standing = (host: string): Standing['kind'] | 'none' => this.state.standings.get(host)?.kind ?? 'none';

  /** What was told, e.g. 'confirmed a1: host failure'. */
  get words(): string[] {
    return this.told.map(({ event: e }) => {
      const name = e.type.replace('lifeboat.fault.', '');
      if (e.type === 'lifeboat.fault.cleared') return `${name} ${e.data.host}: ${e.data.was}${e.data.restarted ? ', restarted' : ''}`;
      if (e.type === 'lifeboat.fault.held') return `${name} ${e.data.hosts.join(' ')}: ${e.data.reason}`;
      return 'hosts' in e.data && 'verdict' in e.data ? `${name} ${e.data.hosts.join(' ')}: ${e.data.verdict}` : name;
    });
  }

  confirmed(): Extract<LifeboatEvent, { type: 'lifeboat.fault.confirmed' }>[] {
    return this.told.flatMap(({ event }) => (event.type === 'lifeboat.fault.confirmed' ? [event] : []));
  }
}

export const clusterOf = (host: string): ClusterId => clusterId(`cluster-${host[0]}`);
