import type { DrainView, IncidentView } from '@lifeboat/desk';
import type { HostId } from '@lifeboat/kernel';

/** An incident or a drain in the words of the page and of the terminal alike: what failed, what is done, what is asked. */
export interface Told {
  readonly incident: string;
  readonly what: string;
  readonly rule: string;
  readonly done: string;
  readonly asked: string;
  readonly is: 'open' | 'well' | 'asks';
  readonly openedAt: number;
  /** Parts of the whole, 0 to 1, in the order in which the bar shows them. */
  readonly bar: Readonly<{ verified: number; moved: number; started: number; left: number }>;
}

const many = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
const took = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const sentence = (parts: readonly (string | false)[]) => parts.filter((p) => p !== false).join(' · ');
const outcomes: Readonly<Record<string, string>> = {
  evacuated: 'all evacuated',
  'partly-evacuated': 'NOT all evacuated',
  'not-evacuated': 'NOT evacuated',
  declined: 'declined by a person',
  withdrawn: 'withdrawn: it came back before anything was done',
  emptied: 'empty',
  partly: 'NOT empty',
  stopped: 'stopped by a person',
  'host-failed': 'the host failed meanwhile: an incident has it',
  'not-begun': 'not begun',
};

export const tellIncident = (i: IncidentView, where: string, now: number): Told => ({
  incident: i.incident,
  what: `${i.verdict} · ${where}`,
  rule: i.rule,
  openedAt: i.openedAt,
  done: sentence([
    i.closedAt === null && deaths(i),
    i.vms.size > 0 && `${i.verified.size} of ${many(i.vms.size, 'VM')} seen running again`,
    i.stopped.size > 0 && `${i.stopped.size} moved, stopped as before`,
    i.left.size > 0 && `${i.left.size} not evacuated`,
    ended(i, now),
  ]),
  asked: i.waits.size > 0 ? [...i.waits].map(([what, reason]) => `waits for ${what}: ${reason}`).join('; ') : stays(i),
  is: mood(i.waits.size > 0, i),
  bar: bars(i.vms.size, i.verified.size + i.stopped.size, i.evacuated.size, i.started.size, i.left.size),
});

export const tellDrain = (d: DrainView, now: number): Told => ({
  incident: d.incident,
  what: `drain · ${d.host}`,
  rule: `for ${d.by}`,
  openedAt: d.openedAt,
  done: sentence([
    `${d.moved.size} of ${many(d.vms.size, 'VM')} moved away`,
    d.moving.size > 0 && `${d.moving.size} on their way`,
    d.left.size > 0 && `${d.left.size} could not leave`,
    ended(d, now),
  ]),
  asked:
    d.waitingFor !== ''
      ? `waits: ${d.waitingFor}`
      : sentence([stays(d) || false, d.closedAt !== null && d.disabled && `${d.host} takes no VMs until it is released`]),
  is: mood(d.waitingFor !== '', d),
  bar: bars(d.vms.size, d.moved.size, 0, d.moved.size + d.moving.size, d.left.size),
});

const mood = (waits: boolean, { closedAt, left }: Pick<IncidentView, 'closedAt' | 'left'>): Told['is'] => {
  if (waits) return 'asks';
  if (closedAt === null) return 'open';
  return left.size > 0 ? 'asks' : 'well';
};

const deaths = (i: IncidentView): string => {
  const by = [...new Set(i.dead.values())].join(', ');
  if (i.dead.size === 0) return 'proof of death is sought';
  return i.hosts.length === 1 ? `proven dead by ${by}` : `${i.dead.size} of ${i.hosts.length} hosts proven dead by ${by}`;
};

const ended = ({ closedAt, openedAt, outcome }: Pick<IncidentView, 'closedAt' | 'openedAt' | 'outcome'>, now: number): string =>
  closedAt === null ? `open for ${took(now - openedAt)}` : `${outcomes[outcome] ?? outcome}, after ${took(closedAt - openedAt)}`;

/** What stays on a host needs a person, or that host. */
function stays({ left, closedAt }: Pick<IncidentView, 'left' | 'closedAt'>): string {
  if (closedAt === null || left.size === 0) return '';
  const reasons = new Map<string, number>();
  const hosts = new Set<HostId>();
  for (const { host, reason } of left.values()) {
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    hosts.add(host);
  }
  const why = [...reasons].map(([reason, n]) => (n === 1 ? reason : `${reason} (${n})`)).join('; ');
  const where = hosts.size <= 3 ? [...hosts].join(', ') : `${hosts.size} hosts`;
  return `needs you: ${many(left.size, 'VM')} ${left.size === 1 ? 'stays' : 'stay'} on ${where}: ${why}`;
}

function bars(of: number, verified: number, moved: number, started: number, left: number): Told['bar'] {
  const part = (n: number) => (of === 0 ? 0 : Math.min(1, Math.max(0, n) / of));
  return {
    verified: part(verified),
    moved: part(moved - verified),
    started: part(started - Math.max(moved, verified)),
    left: part(left),
  };
}
