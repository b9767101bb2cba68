import type { EventOf, Evidence, LifeboatEvent } from '@lifeboat/contracts';
import { type Instant, isoTime, stableId } from '@lifeboat/kernel';
import type { IncidentMemo, Notice, Urgency } from '../state.ts';

/** What happened, what was done, what is asked. For somebody who was asleep a minute ago. */
interface Words {
  readonly urgency: Urgency;
  readonly subject: string;
  readonly happened: string;
  readonly done: string;
  readonly asked: string;
  readonly details?: readonly string[];
}

const NOTHING_ASKED = 'Nothing.';
const list = (items: readonly string[], most = 8) =>
  items.length <= most ? items.join(', ') : `${items.slice(0, most).join(', ')} and ${items.length - most} more`;
const MOST_DETAILS = 300;
const cut = (details: readonly string[]) =>
  details.length <= MOST_DETAILS
    ? details
    : [...details.slice(0, MOST_DETAILS), `and ${details.length - MOST_DETAILS} more; the incident's page has them all`];
const hostsOf = (memo: IncidentMemo | undefined, incident: string) => (memo === undefined ? incident : list(memo.hosts, 3));
const vms = (n: number) => (n === 1 ? '1 VM' : `${n} VMs`);
const evidence = (all: readonly Evidence[]) =>
  all.map((e) => `${e.host}: ${e.signal} ${e.is} (seen by ${e.observer || 'nobody'}, ${Math.round(e.ageMs / 1000)} s old)`).slice(0, 40);

/** The notice that an event is worth; null: none. `memo`: the incident it belongs to, if it is known. */
export function noticeOf(e: LifeboatEvent, region: string, memo: IncidentMemo | undefined): Notice | null {
  const found = wordsFor(e, memo);
  if (found === null) return null;
  const { id, words } = found;
  const text = [
    `What happened: ${words.happened}`,
    `What was done: ${words.done}`,
    `What is asked of you: ${words.asked}`,
    ...(words.details === undefined || words.details.length === 0 ? [] : ['', ...cut(words.details).map((d) => `  ${d}`)]),
    '',
    `${isoTime(e.time)} · region ${region}${e.incident === undefined ? '' : ` · incident ${e.incident}`}`,
  ].join('\n');
  return { id, urgency: words.urgency, subject: words.subject, text, at: e.time, incident: e.incident ?? null };
}

type Found = { id: string; words: Words } | null;

function wordsFor(e: LifeboatEvent, memo: IncidentMemo | undefined): Found {
  switch (e.type) {
    case 'lifeboat.fault.diagnosed':
      return { id: `diagnosed/${stableId(...e.data.hosts, e.data.verdict)}`, words: diagnosed(e) };
    case 'lifeboat.fault.held':
      return { id: `held/${stableId(...e.data.hosts, e.data.reason)}`, words: held(e) };
    case 'lifeboat.fault.confirmed':
      return { id: `confirmed/${e.data.incident}`, words: confirmed(e) };
    case 'lifeboat.incident.opened':
      return { id: `opened/${e.data.incident}`, words: opened(e) };
    case 'lifeboat.host.isolated':
      return { id: `isolated/${e.data.incident}/${e.data.host}`, words: isolated(e) };
    case 'lifeboat.isolation.failed':
      // Tried again and again; told once.
      return { id: `isolation-failed/${e.data.incident}/${e.data.host}`, words: isolationFailed(e) };
    case 'lifeboat.incident.waiting':
      return { id: `waiting/${e.data.incident}/${e.data.for}/${stableId(e.data.reason)}`, words: waiting(e, memo) };
    case 'lifeboat.plan.made':
      return { id: `plan/${e.data.incident}/${e.data.attempt}`, words: planMade(e, memo) };
    case 'lifeboat.vm.unevacuable':
      return { id: `unevacuable/${e.data.incident}/${e.data.vm}/${stableId(e.data.reason)}`, words: unevacuable(e) };
    case 'lifeboat.incident.closed':
      return { id: `closed/${e.data.incident}`, words: closed(e) };
    default:
      return null;
  }
}

const diagnosed = ({ data: d }: EventOf<'lifeboat.fault.diagnosed'>): Words => ({
  urgency: 'failed',
  subject: `${list(d.hosts, 3)}: ${d.verdict}, VMs stay where they are`,
  happened: `${d.verdict} at ${list(d.hosts)}.`,
  done: `${d.action} No VM was moved: the VMs may still be running there.`,
  asked: 'Look at the host or its network when you can.',
  details: [`Rule: ${d.rule}`, ...evidence(d.evidence)],
});

const held = ({ data: d }: EventOf<'lifeboat.fault.held'>): Words => ({
  urgency: 'asks',
  subject: `HELD: ${d.hosts.length} hosts look dead, nothing is evacuated`,
  happened: `${list(d.hosts)} look dead, but this is not believed: ${d.reason}`,
  done: 'Nothing, on purpose. It is judged again as evidence comes.',
  asked: "Find out now whether these hosts are really down, or only Lifeboat's view of them.",
  details: [`Rule: ${d.rule}`, ...evidence(d.evidence)],
});

const confirmed = ({ data: d }: EventOf<'lifeboat.fault.confirmed'>): Words => ({
  urgency: 'failed',
  subject: `${list(d.hosts, 3)}: ${d.verdict}`,
  happened: `${list(d.hosts)} failed: ${d.verdict}. First suspected at ${isoTime(d.suspectedAt)}.`,
  done: `An incident was opened${d.rackRule ? '; by the rack rule the hosts are proven dead' : '; next the hosts are isolated'}.`,
  asked: 'Nothing yet.',
  details: [`Rule: ${d.rule}`, ...evidence(d.evidence)],
});

const opened = ({ data: d }: EventOf<'lifeboat.incident.opened'>): Words => ({
  urgency: d.highAvailability && d.automation === 'automatic' ? 'progress' : 'asks',
  subject: `${list(d.hosts, 3)}: incident opened, ${d.highAvailability ? d.automation : 'HA is off'}`,
  happened: `${d.verdict} at ${list(d.hosts)} (cluster ${list(d.clusters)}).`,
  done: 'The hosts are being isolated.',
  asked: !d.highAvailability
    ? 'HA is off for the cluster: its VMs are not moved. Decide about each.'
    : d.automation === 'automatic'
      ? 'Nothing: the VMs are evacuated by themselves.'
      : d.automation === 'semi-automatic'
        ? 'You will be asked to confirm the evacuation.'
        : 'Choose which hosts to evacuate.',
});

const isolated = ({ data: d }: EventOf<'lifeboat.host.isolated'>): Words => ({
  urgency: 'progress',
  subject: `${d.host}: isolated`,
  happened: `${d.host} is proven to run nothing any more (${d.proof.kind}: ${d.proof.method}).`,
  done: 'Its VMs may now be started elsewhere.',
  asked: NOTHING_ASKED,
  details: d.proof.detail === '' ? [] : [d.proof.detail],
});

const isolationFailed = ({ data: d }: EventOf<'lifeboat.isolation.failed'>): Words => ({
  urgency: 'asks',
  subject: `ACT: ${d.host} cannot be isolated, its VMs are DOWN and wait`,
  happened: `${d.host} failed, and none of its fence methods could prove that it is off.`,
  done: `Nothing was evacuated: a VM must not run twice. It is tried again at ${isoTime(d.nextAt)} and after.`,
  asked: `Go to ${d.host}, make sure that it is powered off, and then state so in Lifeboat. Or mend its fence device.`,
  details: d.methods.map((m) => `${m.method}: ${m.code}: ${m.detail}`),
});

const asks: Record<EventOf<'lifeboat.incident.waiting'>['data']['for'], string> = {
  isolation: 'Make sure that the host is off and state so in Lifeboat, or mend its fence device.',
  confirmation: 'Answer the confirmation request.',
  person: 'Decide in Lifeboat how to go on.',
  capacity: 'Free or add capacity: VMs wait for a place.',
  cloud: 'See to it that the OpenStack API answers.',
};
const waiting = ({ data: d }: EventOf<'lifeboat.incident.waiting'>, memo: IncidentMemo | undefined): Words => ({
  urgency: 'asks',
  subject: `ACT: ${hostsOf(memo, d.incident)}: waiting for ${d.for}`,
  happened: `The incident cannot go on by itself: ${d.reason}`,
  done: 'It waits, and goes on by itself once it can.',
  asked: asks[d.for],
});

const planMade = ({ data: d }: EventOf<'lifeboat.plan.made'>, memo: IncidentMemo | undefined): Words => {
  const { placements, unplaced } = d.plan;
  const targets = new Map<string, number>();
  for (const p of placements) targets.set(p.to, (targets.get(p.to) ?? 0) + 1);
  return {
    urgency: unplaced.length > 0 ? 'failed' : 'progress',
    subject: `${hostsOf(memo, d.incident)}: ${placements.length} of ${vms(placements.length + unplaced.length)} get a place`,
    happened: `The evacuation was planned${d.attempt > 1 ? ` anew (plan ${d.attempt})` : ''}.`,
    done: `${vms(placements.length)} placed on ${targets.size} hosts${unplaced.length > 0 ? `, ${vms(unplaced.length)} on none` : ''}.`,
    asked: unplaced.length > 0 ? 'See the VMs without a place below.' : NOTHING_ASKED,
    details: [
      ...[...targets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([host, n]) => `${host}: ${vms(n)}`),
      ...unplaced.slice(0, 100).map((u) => `no place: ${u.vm}: ${u.because}`),
    ],
  };
};

const unevacuable = ({ data: d }: EventOf<'lifeboat.vm.unevacuable'>): Words => ({
  urgency: 'asks',
  subject: `${d.host}: VM ${d.vm} is not evacuated`,
  happened: `VM ${d.vm} of ${d.host} is down and is not evacuated: ${d.reason}`,
  done: 'It was left out; the other VMs go on without it.',
  asked: `Decide about it in Lifeboat: ${d.actions.join(', ') || 'dismiss'}.`,
});

const outcomes = {
  evacuated: 'all VMs are on other hosts',
  'partly-evacuated': 'NOT all VMs are back',
  'not-evacuated': 'no VM was evacuated',
  declined: 'the evacuation was declined',
  withdrawn: 'withdrawn, the hosts are well',
} as const;
const closed = ({ data: d }: EventOf<'lifeboat.incident.closed'>): Words => {
  const count = (outcome: string) => d.vms.filter((v) => v.outcome === outcome).length;
  const left = count('unevacuable');
  return {
    urgency: left > 0 ? 'asks' : 'done',
    subject: `${list(d.hosts, 3)}: closed, ${outcomes[d.outcome]} (${count('running') + count('stopped')} of ${d.vms.length - count('gone')})`,
    happened: `The incident of ${list(d.hosts)} is closed after ${duration(d.openedAt, d.at)}.`,
    done: `${vms(count('running'))} running, ${count('stopped')} stopped as before, ${left} not evacuated, ${count('gone')} deleted by their owners meanwhile.`,
    asked:
      left > 0
        ? 'See to the VMs that were not evacuated, and repair the host.'
        : d.outcome === 'withdrawn'
          ? NOTHING_ASKED
          : 'Nothing tonight. Repair the host in working hours.',
    details: d.vms.map(
      (v) => `${v.vm}: ${v.outcome}${v.host === undefined ? '' : ` on ${v.host}`}${v.reason === undefined ? '' : `: ${v.reason}`}`,
    ),
  };
};

const duration = (from: Instant, to: Instant) => {
  const s = Math.max(0, Math.round((to - from) / 1000));
  return s < 120 ? `${s} s` : `${Math.floor(s / 60)} min ${s % 60} s`;
};
