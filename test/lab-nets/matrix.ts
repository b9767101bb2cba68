import type { LifeboatEvent, Verdict } from '@lifeboat/contracts';

/** What may befall a place: its link to either network, its power. */
export interface Strike {
  readonly management: 'up' | 'down';
  readonly production: 'up' | 'down';
  readonly power: 'on' | 'off';
}
export const scopes = ['one host', 'one rack', 'all hosts', 'the monitor itself'] as const;
export type Scope = (typeof scopes)[number];

export const strikes: readonly Strike[] = (['on', 'off'] as const).flatMap((power) =>
  (['up', 'down'] as const).flatMap((production) => (['up', 'down'] as const).map((management) => ({ management, production, power }))),
);

/** What must come of it. */
export type Expected =
  /** No word about any host. */
  | Readonly<{ kind: 'well' }>
  /** Told with this verdict, and nothing evacuated. */
  | Readonly<{ kind: 'alert'; verdict: Verdict }>
  /** Taken for dead, proven dead, evacuated. */
  | Readonly<{ kind: 'evacuate'; verdict: Verdict; proof: 'fence' | 'already-off' | 'rack-rule' }>
  /** Nothing is done, and why is told. */
  | Readonly<{ kind: 'hold' }>
  /** The standby leads; no word about any host. */
  | Readonly<{ kind: 'takeover' }>;

export interface Row {
  readonly scope: Scope;
  readonly strike: Strike;
  readonly expected: Expected;
}

/** The specification's diagnosis table, and the brake above it, for a region whose brake lets one host fail at a time. */
const expected: Readonly<Record<Scope, (s: Strike) => Expected>> = {
  'one host': ({ management, production, power }) => {
    if (power === 'off') return { kind: 'evacuate', verdict: 'host power failure', proof: 'already-off' };
    if (management === 'down' && production === 'down') return { kind: 'evacuate', verdict: 'host failure', proof: 'fence' };
    if (management === 'down') return { kind: 'alert', verdict: 'management network failure' };
    return production === 'down' ? { kind: 'alert', verdict: 'production network failure' } : { kind: 'well' };
  },
  'one rack': ({ management, production, power }) => {
    // Its feed takes its fence devices along. They have a way of their own to the monitors, so a dead switch does not.
    if (power === 'off') return { kind: 'evacuate', verdict: 'rack power failure', proof: 'rack-rule' };
    if (management === 'down' && production === 'down') return { kind: 'hold' };
    if (management === 'down') return { kind: 'alert', verdict: 'management network failure' };
    return production === 'down' ? { kind: 'alert', verdict: 'top-of-rack switch failure' } : { kind: 'well' };
  },
  'all hosts': ({ management, production, power }) => {
    if (power === 'off' || management === 'down') return { kind: 'hold' };
    return production === 'down' ? { kind: 'alert', verdict: 'production network failure of the cluster' } : { kind: 'well' };
  },
  // It stands on the management network only.
  'the monitor itself': ({ management, power }) => (power === 'off' || management === 'down' ? { kind: 'takeover' } : { kind: 'well' }),
};

export const rows: readonly Row[] = scopes.flatMap((scope) =>
  strikes.map((strike) => ({ scope, strike, expected: expected[scope](strike) })),
);

/** What was told from the strike on, as far as it is a verdict or comes of one. */
export interface Seen {
  readonly struck: readonly string[];
  readonly events: readonly LifeboatEvent[];
}
const of = <T extends LifeboatEvent['type']>(s: Seen, type: T) =>
  s.events.filter((e): e is Extract<LifeboatEvent, { type: T }> => e.type === type);
const sameHosts = (a: readonly string[], b: readonly string[]) => [...new Set(a)].sort().join() === [...new Set(b)].sort().join();

/** Has what is expected been told? (What must not be told is looked at when some time has passed.) */
export const isTold = (e: Expected, s: Seen): boolean => {
  switch (e.kind) {
    case 'well':
    case 'takeover':
      return true;
    case 'alert': {
      const said = of(s, 'lifeboat.fault.diagnosed').filter((d) => d.data.verdict === e.verdict);
      return sameHosts(
        said.flatMap((d) => d.data.hosts),
        s.struck,
      );
    }
    case 'hold':
      return (
        of(s, 'lifeboat.fault.held').length > 0 ||
        of(s, 'lifeboat.fault.diagnosed').some((d) => d.data.verdict === 'observer failure') ||
        of(s, 'lifeboat.round.completed').some((r) => r.data.observer === 'cut-off')
      );
    case 'evacuate': {
      const incidents = of(s, 'lifeboat.fault.confirmed').map((c) => c.data.incident);
      const closed = of(s, 'lifeboat.incident.closed').map((c) => c.data.incident);
      return incidents.length > 0 && incidents.every((i) => closed.includes(i));
    }
  }
};

/** What is wrong; nothing where all is as the table says. */
export const faultsOf = (e: Expected, s: Seen): string[] => {
  const wrong: string[] = [];
  const confirmed = of(s, 'lifeboat.fault.confirmed');
  const began = of(s, 'lifeboat.evacuation.started').length;
  if (!isTold(e, s)) wrong.push(`not told: ${wordsOf(e)}`);
  if (e.kind === 'evacuate') {
    const hosts = confirmed.flatMap((c) => c.data.hosts);
    if (!sameHosts(hosts, s.struck)) wrong.push(`confirmed for ${hosts.join(', ') || 'nobody'}`);
    for (const c of confirmed) if (c.data.verdict !== e.verdict) wrong.push(`verdict ${c.data.verdict}`);
    for (const i of of(s, 'lifeboat.host.isolated')) if (i.data.proof.kind !== e.proof) wrong.push(`proof ${i.data.proof.kind}`);
    if (confirmed.length > 1) wrong.push(`${confirmed.length} incidents`);
    for (const c of of(s, 'lifeboat.incident.closed')) if (c.data.outcome !== 'evacuated') wrong.push(`closed as ${c.data.outcome}`);
    return wrong;
  }
  for (const c of confirmed) wrong.push(`confirmed: ${c.data.verdict} of ${c.data.hosts.join(', ')}`);
  if (began > 0) wrong.push(`${began} evacuations`);
  for (const i of of(s, 'lifeboat.isolation.requested')) wrong.push(`${i.data.host} was to be isolated`);
  if (e.kind === 'well' || e.kind === 'takeover')
    for (const d of of(s, 'lifeboat.fault.diagnosed')) wrong.push(`told: ${d.data.verdict} of ${d.data.hosts.join(', ')}`);
  return wrong;
};

export const wordsOf = (e: Expected): string => {
  switch (e.kind) {
    case 'well':
      return 'nothing';
    case 'alert':
      return `${e.verdict}; alert`;
    case 'evacuate':
      return `${e.verdict}; evacuated (${e.proof})`;
    case 'hold':
      return 'observer or management network failure; hold';
    case 'takeover':
      return 'nothing; the standby leads';
  }
};
export const placeOf = ({ scope, strike: s }: Row): string =>
  `${scope}: management ${s.management}, production ${s.production}, power ${s.power}`;

/** The verdicts told, each with the newest evidence of one host behind it. */
export const evidenceOf = (s: Seen): string => {
  const judged = s.events.flatMap((e) =>
    e.type === 'lifeboat.fault.confirmed' || e.type === 'lifeboat.fault.diagnosed' || e.type === 'lifeboat.fault.held' ? [e] : [],
  );
  const last = judged.at(-1);
  if (last === undefined) {
    const cut = of(s, 'lifeboat.round.completed').findLast((r) => r.data.observer === 'cut-off');
    return cut === undefined ? '' : `the monitor says of itself: ${cut.data.reason}`;
  }
  const host = last.data.hosts[0];
  const lines = last.data.evidence.filter((x) => x.host === host);
  return `${last.data.rule} [${lines.map((x) => `${x.signal} ${x.is}`).join(', ')}]`;
};
