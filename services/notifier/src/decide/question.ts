import type { Contact } from '@lifeboat/contracts';
import { type ClusterId, type Instant, stableId } from '@lifeboat/kernel';
import type { NotifierSettings } from '../settings.ts';
import type { Ask, Inquiry } from '../state.ts';
import { page, question } from './page.ts';
import { languageOf } from './people.ts';
import type { Letter } from './send.ts';
import { type Wording, wordings } from './wording.ts';

const list = (items: readonly string[], most: number): string =>
  items.length <= most ? items.join(', ') : `${items.slice(0, most).join(', ')} +${items.length - most}`;
export const hostsOf = (asks: readonly Ask[], most = 3): string =>
  list(
    asks.flatMap((a): readonly string[] => (a.hosts.length === 0 ? [a.incident] : a.hosts)),
    most,
  );

/** In the contact's own time, where it is known. */
export function clock(at: Instant, contact: Contact | undefined): string {
  const timeZone = contact?.timeZone ?? contact?.quietHours?.timeZone ?? 'UTC';
  const time = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at);
  return timeZone === 'UTC' ? `${time} UTC` : time;
}

/** A link is the contact's own: it names inquiry and contact, and is signed with the inquiry's key. */
export function linkOf(q: Inquiry, contact: string): string {
  const name = `${stableId('question', q.id).slice(0, 16)}${stableId('contact', contact).slice(0, 8)}`;
  return `${name}${stableId(q.key, 'link', q.id, contact)}`;
}

export const wordingFor = (settings: NotifierSettings, contact: string): Wording => wordings[languageOf(settings, contact)];

const sum = (asks: readonly Ask[], of: (a: Ask) => number): number => asks.reduce((n, a) => n + of(a), 0);
const causeOf = (ask: Ask, w: Wording): string => (ask.verdict === null ? '' : w.verdicts[ask.verdict]);
/** The second question about an incident is told apart from its first. */
const nameOf = (ask: Ask): string => {
  const nth = ask.confirmation.split('/').at(-1) ?? '1';
  return nth === '1' ? ask.incident : `${ask.incident} #${nth}`;
};

/** Where the VMs go. Two incidents may have chosen the same hosts: then only the VMs are counted. */
function clustersOf(asks: readonly Ask[]): Ask['to'] {
  const [only, ...others] = asks;
  if (only !== undefined && others.length === 0) return only.to;
  const vms = new Map<ClusterId, number>();
  for (const to of asks.flatMap((a) => a.to)) vms.set(to.cluster, (vms.get(to.cluster) ?? 0) + to.vms);
  return [...vms].sort(([a], [b]) => (a < b ? -1 : 1)).map(([cluster, n]) => ({ cluster, hosts: 0, vms: n }));
}

/** What the question says, line by line; the same on the page, in the mail and in its HTML. */
export function linesOf(asks: readonly Ask[], contact: Contact | undefined, w: Wording) {
  const [first] = asks as readonly [Ask, ...Ask[]];
  const vms = sum(asks, (a) => a.vms);
  const stopped = sum(asks, (a) => a.stopped);
  const several = asks.length > 1;
  const each = (a: Ask) => ({
    says: w.each({ hosts: hostsOf([a], 8), cause: causeOf(a, w), vms: a.vms, stopped: a.stopped, unplaced: a.unplaced }),
    name: nameOf(a),
  });
  return {
    what: several
      ? w.several({ incidents: asks.length, hosts: sum(asks, (a) => a.hosts.length) })
      : w.what({ hosts: hostsOf(asks, 8), cause: causeOf(first, w), at: clock(first.at, contact) }),
    each: several ? asks.map(each) : [],
    proven: w.proven(several),
    planned: w.planned({ vms, running: vms - stopped, stopped, unplaced: sum(asks, (a) => a.unplaced) }),
    clusters: clustersOf(asks).map(w.toCluster),
    until: clock(Math.min(...asks.map((a) => a.expiresAt)) as Instant, contact),
    quorum: first.quorum > 1 ? w.quorum(first.quorum) : '',
    incident: several ? '' : nameOf(first),
    alone: several ? { says: w.alone, command: 'lifeboat evacuate --incident NAME' } : null,
  };
}

/** The question, or all that are asked together, as it is sent to one contact. */
export function questionTo(settings: NotifierSettings, q: Inquiry, asks: readonly Ask[], contact: string): Letter {
  const w = wordingFor(settings, contact);
  const lines = linesOf(asks, settings.people.get(contact), w);
  const url = settings.webUrl === null ? null : `${settings.webUrl}/answer/${linkOf(q, contact)}`;
  const cause = asks.length > 1 ? w.incidents(asks.length) : causeOf(asks[0] as Ask, w);
  const vms = w.vms(sum(asks, (a) => a.vms));
  const again = q.codes > 1 ? [w.newCode, ''] : [];
  const howTo = w.howTo({ code: q.code, until: lines.until });
  const text = [
    ...again,
    ...[
      lines.what,
      ...lines.each.map((l) => `  ${l.says} (${l.name})`),
      lines.proven,
      lines.planned,
      ...lines.clusters.map((c) => `  ${c}`),
      '',
      howTo,
    ],
    ...(lines.alone === null ? [] : [lines.alone.says, `  ${lines.alone.command}`]),
    ...(lines.quorum === '' ? [] : [lines.quorum]),
    ...(url === null ? [] : ['', w.linkSays, url]),
    ...['', w.keepSecret],
    ...(lines.incident === '' ? [] : [w.labelled(w.labels.incident, lines.incident)]),
  ].join('\n');
  const subject = w.subject({ hosts: hostsOf(asks), vms });
  const html = page(w, question(w, lines, { code: q.code, howTo, url }));
  return {
    id: stableId('ask', q.id, contact, q.codes),
    contact,
    incident: asks.length > 1 ? null : (asks[0] as Ask).incident,
    question: true,
    subject,
    mail: { subject: `[Lifeboat ${settings.region}] ${subject}`.slice(0, 150), text: `${text}\n`, html },
    text: w.sms({
      ...{ region: settings.region, hosts: hostsOf(asks, asks.length > 1 ? 4 : 2), cause, vms },
      ...{ code: q.code, until: lines.until, link: url === null ? '' : ` ${url}` },
    }),
  };
}

/** A few words to one contact about questions: that one is settled, withdrawn, or what became of an answer. */
export function aside(
  settings: NotifierSettings,
  asks: readonly Ask[],
  contact: string,
  words: string | Readonly<{ short: string; long: string }>,
  id: string,
  channel: 'sms' | 'e-mail' | 'both',
  /** The Message-ID of the mail that this answers: mail programs show them together. */
  answers?: string,
): Letter {
  const w = wordingFor(settings, contact);
  const { short, long } = typeof words === 'string' ? { short: words, long: words } : words;
  const subject = asks.length === 0 ? 'Lifeboat' : w.subject({ hosts: hostsOf(asks), vms: w.vms(sum(asks, (a) => a.vms)) });
  const [only, ...others] = asks;
  const inReplyTo = answers?.includes('@') ? { inReplyTo: answers.replace(/^<|>$/g, '') } : {};
  const mail = { subject: `Re: [Lifeboat ${settings.region}] ${subject}`.slice(0, 150), text: `${long}\n`, ...inReplyTo };
  return {
    id,
    contact,
    incident: only !== undefined && others.length === 0 ? only.incident : null,
    subject: `Re: ${subject}`,
    mail: channel === 'sms' ? null : mail,
    text: channel === 'e-mail' ? null : `Lifeboat ${settings.region}: ${short}`,
  };
}
