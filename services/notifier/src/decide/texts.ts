import type { EventOf, Evidence, Language, LifeboatEvent } from '@lifeboat/contracts';
import { type Instant, isoTime, stableId } from '@lifeboat/kernel';
import { vmCalled } from '@lifeboat/story';
import type { IncidentMemo, Notice, Urgency } from '../state.ts';
import { list, vms } from './counted.ts';
import { channelWords } from './texts-channels.ts';
import { afterDrain, itemsWaiting, unevacuable } from './texts-items.ts';
import { vmWords } from './texts-vms.ts';
import { chineseWords } from './texts-zh.ts';

/** What happened, what was done, what is asked. For somebody who was asleep a minute ago. */
export interface Words {
  readonly urgency: Urgency;
  readonly subject: string;
  readonly happened: string;
  readonly done: string;
  readonly asked: string;
  readonly details?: readonly string[];
}

const NOTHING_ASKED = 'Nothing.';
const MOST_DETAILS = 300;
const cut = (details: readonly string[]) =>
  details.length <= MOST_DETAILS
    ? details
    : [...details.slice(0, MOST_DETAILS), `and ${details.length - MOST_DETAILS} more; the incident's page has them all`];
const hostsOf = (memo: IncidentMemo | undefined, incident: string) => (memo === undefined ? incident : list(memo.hosts, 3));
const evidence = (all: readonly Evidence[]) =>
  all.map((e) => `${e.host}: ${e.signal} ${e.is} (seen by ${e.observer || 'nobody'}, ${Math.round(e.ageMs / 1000)} s old)`).slice(0, 40);

/** The notice that an event is worth; null: none. `memo`: the incident it belongs to, if it is known. */
export function noticeOf(e: LifeboatEvent, region: string, memo: IncidentMemo | undefined, language: Language = 'en'): Notice | null {
  const found = wordsFor(e, memo);
  if (found === null) return null;
  const { id } = found;
  const chinese = language === 'zh-CN' ? chineseWords(e, memo) : null;
  const words: Words = { ...found.words, ...chinese };
  const [happened, done, asked] = chinese === null ? headings.en : headings['zh-CN'];
  const text = [
    `${happened}${words.happened}`,
    `${done}${words.done}`,
    `${asked}${words.asked}`,
    ...(words.details === undefined || words.details.length === 0 ? [] : ['', ...cut(words.details).map((d) => `  ${d}`)]),
    '',
    `${isoTime(e.time)} · region ${region}${e.incident === undefined ? '' : ` · incident ${e.incident}`}`,
  ].join('\n');
  return { id, urgency: words.urgency, subject: words.subject, text, at: e.time, incident: e.incident ?? null };
}

/** How far an evacuation is that takes long. It is no event's: it is told of by the clock. */
export function progressNotice(
  incident: string,
  memo: IncidentMemo & Required<Pick<IncidentMemo, 'progress'>>,
  region: string,
  language: Language,
  at: Instant,
): Notice {
  const { vms: all, running } = memo.progress;
  const [hosts, so] = [hostsOf(memo, incident), duration(memo.at, at)];
  const chinese = language === 'zh-CN';
  const [happened, done, asked] = headings[language];
  const subject = chinese ? `${hosts}：${all} 台虚拟机中 ${running} 台已恢复运行` : `${hosts}: ${running} of ${vms(all)} run again`;
  const text = chinese
    ? [`${happened}疏散进行中，已用时 ${so}。`, `${done}${all} 台虚拟机中 ${running} 台已在新主机运行。`, `${asked}无需操作。`]
    : [
        `${happened}The evacuation is under way, for ${so} now.`,
        `${done}${running} of ${vms(all)} run on their new hosts.`,
        `${asked}${NOTHING_ASKED}`,
      ];
  const foot = `${isoTime(at)} · region ${region} · incident ${incident}`;
  return { id: `progress/${incident}/${at}`, urgency: 'progress', subject, text: [...text, '', foot].join('\n'), at, incident };
}

const headings = {
  en: ['What happened: ', 'What was done: ', 'What is asked of you: '],
  'zh-CN': ['发生了什么：', '已采取的措施：', '需要您做的：'],
} as const satisfies Record<Language, readonly string[]>;

type Found = { id: string; words: Words } | null;

function wordsFor(e: LifeboatEvent, memo: IncidentMemo | undefined): Found {
  switch (e.type) {
    case 'lifeboat.fence.checked':
      return fenceWords(e);
    case 'lifeboat.fault.diagnosed':
      return e.data.cluster === undefined
        ? { id: `diagnosed/${stableId(...e.data.hosts, e.data.verdict)}`, words: diagnosed(e) }
        : { id: `network/${e.data.cluster}/${e.data.at}`, words: networkFailed(e, e.data.cluster) };
    case 'lifeboat.host.quarantined':
      return { id: `quarantined/${e.data.incident}/${e.data.host}`, words: quarantined(e) };
    case 'lifeboat.network.cleared':
      return { id: `network/cleared/${e.data.cluster}/${e.data.since}`, words: networkCleared(e) };
    case 'lifeboat.fault.held':
      return { id: `held/${stableId(...e.data.hosts, e.data.reason)}`, words: held(e) };
    case 'lifeboat.fault.confirmed':
      return { id: `confirmed/${e.data.incident}`, words: confirmed(e) };
    case 'lifeboat.incident.opened':
      return { id: `opened/${e.data.incident}`, words: opened(e) };
    case 'lifeboat.host.isolated':
      return { id: `isolated/${e.data.incident}/${e.data.host}`, words: isolated(e) };
    case 'lifeboat.proof.contradicted':
      return { id: `contradicted/${e.data.incident}/${e.data.host}/${e.data.backAt}`, words: contradicted(e) };
    case 'lifeboat.isolation.failed':
      // Tried again and again; told once.
      return { id: `isolation-failed/${e.data.incident}/${e.data.host}`, words: isolationFailed(e) };
    case 'lifeboat.release.delayed':
      return { id: `release-delayed/${e.data.incident}/${e.data.host}`, words: releaseDelayed(e) };
    case 'lifeboat.incident.waiting':
      // the question itself is sent to those who are to answer it
      if (e.data.for === 'confirmation') return null;
      // the reasons change with every plan; what is asked of somebody does not
      return { id: `waiting/${e.data.incident}/${e.data.for}`, words: waiting(e, memo) };
    case 'lifeboat.plan.made':
      return { id: `plan/${e.data.incident}/${stableId(...e.data.plan.unplaced.map((u) => u.vm).sort())}`, words: planMade(e, memo) };
    case 'lifeboat.vm.unevacuable':
      return {
        id: `unevacuable/${e.data.incident}/${e.data.vm}/${stableId(e.data.reason)}`,
        words: e.data.drained ? afterDrain(e) : unevacuable(e),
      };
    case 'lifeboat.redundancy.lost':
      return { id: `redundancy/lost/${stableId(...e.data.targets.map((t) => t.name))}`, words: redundancyLost(e) };
    case 'lifeboat.redundancy.restored':
      return { id: `redundancy/restored/${stableId(...e.data.targets.map((t) => t.name))}`, words: redundancyRestored(e) };
    case 'lifeboat.items.waiting':
      return { id: `items/${e.data.incident}/${e.data.reminder}`, words: itemsWaiting(e) };
    case 'lifeboat.order.refused':
      return { id: `order/${stableId(e.data.order, e.data.about, e.data.by, e.data.at)}`, words: orderRefused(e) };
    case 'lifeboat.incident.closed':
      return { id: `closed/${e.data.incident}`, words: closed(e) };
    default:
      return vmWords(e) ?? channelWords(e);
  }
}

/** Of devices that cannot be checked the first one is told for all: a fleet of one maker has only such. */
function fenceWords({ data: d }: EventOf<'lifeboat.fence.checked'>): Found {
  const what = `fence method ${d.method} of ${d.host} (${d.device})`;
  if (d.is === 'of-another')
    return {
      id: `fence/${d.host}/${d.method}/${d.device}/${d.other ?? ''}`,
      words: {
        urgency: 'asks',
        subject: `ACT: ${d.host} CANNOT BE FENCED, its ${d.method} is that of ${d.other ?? 'another host'}`,
        happened: `The ${what} switches the power of ${d.other ?? 'another host'}: ${d.detail}.`,
        done: `It is never used: an order to it would power off the wrong host. Should ${d.host} fail, its VMs wait for a person, or for another fence method.`,
        asked: 'Mend the address in the topology file, or the cabling; then restart the agent of the host.',
      },
    };
  if (d.is === 'own') return { id: `fence/own/${d.host}/${d.method}/${d.at}`, words: fenceOwn(what) };
  return {
    id: 'fence/unchecked',
    words: {
      urgency: 'done',
      subject: `${d.host}: whose machine its ${d.method} switches could not be checked`,
      happened: `It could not be checked that the ${what} is that of this host: ${d.detail}.`,
      done: 'It is used as the topology says. If the same is so at other hosts, you are not told of each.',
      asked: 'Try by hand once that each host has its own device.',
    },
  };
}
const fenceOwn = (what: string): Words => ({
  urgency: 'done',
  subject: `${what} is its own again`,
  happened: `The ${what} was checked again: it switches this host.`,
  done: 'It is used again.',
  asked: NOTHING_ASKED,
});

const diagnosed = ({ data: d }: EventOf<'lifeboat.fault.diagnosed'>): Words => ({
  urgency: 'failed',
  subject: `${list(d.hosts, 3)}: ${d.verdict}, VMs stay where they are`,
  happened: `${d.verdict} at ${list(d.hosts)}.`,
  done: `${d.action} No VM was moved: the VMs may still be running there.`,
  asked: 'Look at the host or its network when you can.',
  details: [`Rule: ${d.rule}`, ...evidence(d.evidence)],
});

const quarantined = ({ data: d }: EventOf<'lifeboat.host.quarantined'>): Words => ({
  urgency: 'asks',
  subject: `${d.host} has failed ${d.failures} times lately: it is held out longer`,
  happened: `${d.host} had been taken back and has failed again: ${d.failures} times lately.`,
  done: `When it is back it takes no VMs before it has been well for ${Math.ceil(d.healthyMs / 60_000)} min, longer with each further failure.`,
  asked: `Find out why it fails before it is used again. To let it take VMs sooner: lifeboat release --host ${d.host}`,
});

const contradicted = ({ data: d }: EventOf<'lifeboat.proof.contradicted'>): Words => ({
  urgency: 'asks',
  subject: `ACT: ${d.host} RUNS, though it was proven dead: its VMs may run TWICE`,
  happened: `${d.host} was taken for dead on the word of ${d.proof.method} (${d.proof.kind}: ${d.proof.detail}), and its agent is back without a restart: it never was off.`,
  done: `Nothing more is evacuated from it on that word, and it is not released by itself. Lifeboat tries its other fence methods, where it has any.`,
  asked: `Cut the power of ${d.host} NOW, by hand, and see that it is off. If its incident is still open, say so then: lifeboat statement --host ${d.host}. Check the disks of its VMs, and mend its fence device.`,
});

const networkFailed = ({ data: d }: EventOf<'lifeboat.fault.diagnosed'>, cluster: string): Words => ({
  urgency: 'asks',
  subject: `cluster ${cluster}: the production network has FAILED for ${d.hosts.length} hosts`,
  happened: `The hosts of cluster ${cluster} run, and do not see each other on the production network: ${list(d.hosts)}.`,
  done: 'No VM was moved: no other host of the cluster is better off. You are told when it works again.',
  asked: `See to the production network (VLAN, switches) of cluster ${cluster}.`,
  details: [`Rule: ${d.rule}`, ...evidence(d.evidence)],
});

const networkCleared = ({ data: d }: EventOf<'lifeboat.network.cleared'>): Words => ({
  urgency: 'done',
  subject: `cluster ${d.cluster}: the production network works again`,
  happened: `The production network of cluster ${d.cluster} had failed for ${duration(d.since, d.at)}: ${d.rule}.`,
  done: 'Nothing had to be done.',
  asked: NOTHING_ASKED,
});

const held = ({ data: d }: EventOf<'lifeboat.fault.held'>): Words => ({
  urgency: 'asks',
  subject: `HELD: ${d.hosts.length} hosts look dead, nothing is evacuated`,
  happened: `${list(d.hosts)} look dead, but this is not believed: ${d.reason}`,
  done: 'Nothing, on purpose. It is judged again as evidence comes.',
  asked:
    "Find out now whether these hosts are really down, or only Lifeboat's view of them. Of one that you have seen to be down, state so (console, or lifeboat statement --host): it is evacuated then.",
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
  urgency: d.highAvailability && d.automation !== 'manual' ? 'progress' : 'asks',
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

/** A device was found to lie: what was evacuated on its word may run on. */
const hasLied = (d: EventOf<'lifeboat.isolation.failed'>['data']): boolean => d.methods.some((m) => m.code === 'FENCE_DISBELIEVED');

const isolationFailed = ({ data: d }: EventOf<'lifeboat.isolation.failed'>): Words => ({
  urgency: 'asks',
  subject: `ACT: ${d.host} cannot be isolated, ${hasLied(d) ? 'it RUNS, and its VMs may run TWICE' : 'its VMs are DOWN and wait'}`,
  happened: `${d.host} failed, and none of its fence methods could prove that it is off.`,
  done: `Nothing ${hasLied(d) ? 'more is' : 'was'} evacuated: a VM must not run twice. It is tried again at ${isoTime(d.nextAt)} and after.`,
  asked: `Go to ${d.host}, make sure that it is powered off, and then state so in Lifeboat. Or mend its fence device.`,
  details: d.methods.map((m) => `${m.method}: ${m.code}: ${m.detail}`),
});

const releaseDelayed = ({ data: d }: EventOf<'lifeboat.release.delayed'>): Words => ({
  urgency: 'failed',
  subject: `${d.host} is back and well, but Nova does not let it take VMs again`,
  happened: `${d.host} was to be released ${duration(d.since, d.at)} ago. Nova refuses: ${d.reason}`,
  done: 'It stays forced down or disabled, and is asked for again every few seconds. Its VMs run elsewhere.',
  asked: `Restart nova-compute on ${d.host}: only a start of it clears away what was evacuated. If that does not help, look at its log.`,
  details: [`${d.code}: ${d.reason}`],
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
      ...unplaced.slice(0, 100).map((u) => `no place: ${vmCalled(u.vm, u.name)}: ${u.because}`),
    ],
  };
};

const redundancyLost = ({ data: d }: EventOf<'lifeboat.redundancy.lost'>): Words => ({
  urgency: 'failed',
  subject: `redundancy is LOST: ${list(
    d.targets.map((t) => `${t.kind} ${t.name}`),
    3,
  )} could not fail without loss`,
  happened: `If one of these failed now, not all of its VMs would find a place: ${list(d.targets.map((t) => `${t.kind} ${t.name}`))}${d.more > 0 ? ` and ${d.more} more` : ''}.`,
  done: 'Nothing has failed; this is what would be.',
  asked: 'Free or add capacity before something fails.',
  details: d.targets.map(
    (t) =>
      `${t.kind} ${t.name}: ${t.without} of ${vms(t.vms)} without a place${t.names.length === 0 ? '' : `: ${t.names.map((vm, i) => vmCalled(vm, t.called?.[i])).join(', ')}${t.without > t.names.length ? ` and ${t.without - t.names.length} more` : ''}`}`,
  ),
});

const redundancyRestored = ({ data: d }: EventOf<'lifeboat.redundancy.restored'>): Words => ({
  urgency: 'done',
  subject: 'redundancy is restored',
  happened: `Every VM of these would find a place again: ${list(d.targets.map((t) => `${t.kind} ${t.name}`))}.`,
  done: 'Nothing had to be done.',
  asked: NOTHING_ASKED,
});

const orderRefused = ({ data: d }: EventOf<'lifeboat.order.refused'>): Words => ({
  urgency: 'failed',
  subject: `${d.about}: the order of ${d.by} is not carried out`,
  happened: `${d.by} gave the order ${d.order.replace('lifeboat.', '')} about ${d.about}.`,
  done: `Nothing was done: ${d.reason}.`,
  asked: 'Look at it again, and give another order where it is still wanted.',
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
      (v) =>
        `${vmCalled(v.vm, v.name)}: ${v.outcome}${v.host === undefined ? '' : ` on ${v.host}`}${v.reason === undefined ? '' : `: ${v.reason}`}`,
    ),
  };
};

const duration = (from: Instant, to: Instant) => {
  const s = Math.max(0, Math.round((to - from) / 1000));
  return s < 120 ? `${s} s` : `${Math.floor(s / 60)} min ${s % 60} s`;
};
