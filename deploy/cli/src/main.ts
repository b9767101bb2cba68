import { readFile } from 'node:fs/promises';
import { type Language, languages } from '@lifeboat/contracts';
import {
  type DrainWish,
  drain,
  drainPlan,
  drainsIn,
  drainTable,
  dryRun,
  evacuate,
  incidentsIn,
  incidentTable,
  item,
  itemsIn,
  itemTable,
  release,
  type Said,
  statement,
  stopDrain,
  tellDryRun,
  type Wish,
} from '@lifeboat/desk';
import { readFleet } from '@lifeboat/desk/read-fleet';
import { correlatorSettings, explainHost, settingsFrom } from '@lifeboat/fault-correlator';
import { type Complaint, complain, hostId, incidentId, instant } from '@lifeboat/kernel';
import { commandLine } from '@lifeboat/runtime/command-line';
import { parseTopology } from '@lifeboat/runtime/process';
import { eventsOfIncident, tellStory } from '@lifeboat/story';
import { publish, readEvents } from './events.ts';
import { explainIncident } from './explain-incident.ts';
import { followDrain } from './follow-drain.ts';
import { planFile } from './plan.ts';

const HELP = `npm run lifeboat -- COMMAND

  incidents                 every incident on the topics: when, what, how it ended
  story INCIDENT | last [--language en | zh-CN]
                            one incident from its events alone: who found, decided and did what, and when
  events INCIDENT | last    the same events as JSON, a line each
  explain HOST | INCIDENT   what is known of a host and how old it is, which row of the diagnosis table fits or what is missing;
                            of an incident why it was opened (racks and policies from LIFEBOAT_TOPOLOGY, where that is set)
  evacuate [--incident I | --host H [--vm V ...] [--yes | --no]]
                            what waits for a person and where it would go; --yes starts it, --no declines the incident.
                            Alone: all that could be evacuated now
  drain HOST [--vm V ... | --vms V,V] [--cold | --no-cold] [--no-disable] [--yes [--no-wait]]
                            planned evacuation of a host that is well: where its VMs would go, and how; --yes starts it and shows
                            it until it is over. They go live; --cold also lets a running VM be moved cold, which restarts it,
                            where live fails (default: as its cluster says). The host is disabled first and stays so until it
                            is released. Never forces down, fences or evacuates. Without HOST: all drains
  drain HOST --stop         ends it: no VM begins to move any more, those on their way arrive
  statement --host H [--words TEXT]
                            states that you have seen that the host is down: proof of death where fencing failed
  release --host H          lets a returned host take VMs again: where the cluster wants that done by a person, or before a quarantine ends
  items                     VMs that were not evacuated and wait for somebody
  item VM ACTION            what is done about one: retry, other-host, start-on-return or dismiss
  topology FILE             checks a topology file; names each field that is wrong, and the mend
  plan --host H | --rack R [--json]
                            what would happen if it failed now: the whole plan, with reasons and proof; nothing is done
                            (OpenStack and LIFEBOAT_TOPOLOGY as for the services)
  plan --input FILE.json    plans an evacuation from a file and prints the plan as JSON (schema: docs/plan-input.md)

LIFEBOAT_KAFKA (or --kafka) says where the events are; default 127.0.0.1:9092. --by NAME says who you are (default: the user).
Exit code: 0 done, 1 what was asked for is not there or not right, 2 the command was not understood.`;

const { values, positionals } = commandLine(HELP, {
  kafka: { type: 'string' },
  input: { type: 'string' },
  help: { type: 'boolean' },
  incident: { type: 'string' },
  host: { type: 'string' },
  rack: { type: 'string' },
  json: { type: 'boolean' },
  vm: { type: 'string', multiple: true },
  words: { type: 'string' },
  by: { type: 'string' },
  yes: { type: 'boolean' },
  no: { type: 'boolean' },
  vms: { type: 'string' },
  cold: { type: 'boolean' },
  'no-cold': { type: 'boolean' },
  'no-disable': { type: 'boolean' },
  'no-wait': { type: 'boolean' },
  stop: { type: 'boolean' },
  language: { type: 'string' },
});
const brokers = (values.kafka ?? process.env['LIFEBOAT_KAFKA'] ?? '127.0.0.1:9092').split(',').map((b) => b.trim());

const complaintText = (c: Complaint): string => complain(c);
class Wrong extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const spoken = (said = 'en'): Language => {
  const known = languages.find((l) => l === said);
  if (known === undefined) throw new Wrong(2, `--language ${said}: one of ${languages.join(', ')}`);
  return known;
};

const wish = (): Wish => {
  const by = values.by ?? process.env['USER'] ?? process.env['LOGNAME'];
  if (by === undefined || by === '') throw new Wrong(2, 'who are you? --by NAME');
  return {
    by: by.slice(0, 100),
    at: instant(Date.now()),
    vms: [...(values.vm ?? []), ...(values.vms?.split(',').map((x) => x.trim()) ?? [])],
    go: values.yes === true,
    decline: values.no === true,
    ...(values.incident === undefined ? {} : { incident: values.incident }),
    ...(values.host === undefined ? {} : { host: values.host }),
    ...(values.words === undefined ? {} : { words: values.words }),
  };
};
/** Says what it does, and does it. */
const ordered = async (w: Wish, said: Said): Promise<string> => {
  if (said.order !== null) await publish(brokers, said.order, w);
  return said.lines.join('\n');
};

const commands: Record<string, (argument: string | undefined) => Promise<string>> = {
  incidents: async () => incidentTable(incidentsIn(await readEvents(brokers))),
  story: async (which) => {
    const language = spoken(values.language);
    const all = await readEvents(brokers);
    return tellStory(all, chosen(which, all), language).join('\n');
  },
  events: async (which) => {
    const all = await readEvents(brokers);
    return eventsOfIncident(all, chosen(which, all))
      .map((e) => JSON.stringify(e))
      .join('\n');
  },
  explain: async (which) => {
    if (which === undefined) throw new Wrong(2, 'explain: what? lifeboat explain HOST, or INCIDENT, or: last');
    const all = await readEvents(brokers);
    if (which === 'last' || which.startsWith('inc-')) return explainIncident(all, chosen(which, all)).join('\n');
    return explainHost(all, await settingsOf(all), hostId(which), instant(Date.now())).join('\n');
  },
  evacuate: async () => ordered(wish(), evacuate(await readEvents(brokers), wish())),
  drain: async (host) => drainCommand(host),
  statement: async () => ordered(wish(), statement(await readEvents(brokers), wish())),
  release: async () => ordered(wish(), release(wish())),
  items: async () => itemTable(itemsIn(await readEvents(brokers))),
  item: async (vm) => ordered(wish(), item(await readEvents(brokers), vm, positionals[2], wish())),
  topology: async (file) => {
    if (file === undefined) throw new Wrong(2, 'topology: which file? lifeboat topology FILE');
    const read = parseTopology(file, await text(file));
    if (!read.ok) throw new Wrong(1, read.complaints.map(complaintText).join('\n'));
    const { region, clusters, racks, hosts } = read.topology;
    return `${file}: region ${region}, ${clusters.length} clusters, ${racks.length} racks, ${hosts.length} hosts: all well`;
  },
  plan: async () => {
    if (values.host !== undefined || values.rack !== undefined) return rehearse();
    if (values.input === undefined) throw new Wrong(2, 'plan: of what? lifeboat plan --host H, --rack R or --input FILE.json');
    const made = planFile(values.input, await text(values.input));
    if (!made.ok) throw new Wrong(1, complaintText(made.complaint));
    return JSON.stringify(made.plan, null, 2);
  },
};

async function drainCommand(host: string | undefined): Promise<string> {
  if (host === undefined && (values.yes === true || values.stop === true)) throw new Wrong(2, 'drain: which host? lifeboat drain HOST');
  if (values.yes === true && values.stop === true) throw new Wrong(2, 'drain: --yes or --stop, not both');
  const all = await readEvents(brokers);
  if (host === undefined) return drainTable(drainsIn(all), Date.now());
  if (values.cold === true && values['no-cold'] === true) throw new Wrong(2, 'drain: --cold or --no-cold, not both');
  if (values.stop === true) return ordered(wish(), stopDrain(host, wish()));
  const cold = values.cold === true ? true : values['no-cold'] === true ? false : undefined;
  const w: DrainWish = { ...wish(), cold, disable: values['no-disable'] !== true };
  const said = drain(all, host, w, w.go ? [] : await shownPlan(host, w));
  const text = await ordered(w, said);
  if (said.order === null || values['no-wait'] === true) return text;
  console.log(text);
  return followDrain(brokers, host, w.at, process.stdout);
}

async function shownPlan(host: string, w: DrainWish): Promise<string[]> {
  const file = process.env['LIFEBOAT_TOPOLOGY'];
  if (file === undefined) return ['LIFEBOAT_TOPOLOGY: not set; with it, and with the settings of OpenStack, the plan is shown here'];
  const read = parseTopology(file, await text(file));
  if (!read.ok) throw new Wrong(1, read.complaints.map(complaintText).join('\n'));
  return drainPlan(await readFleet(process.env, read.topology), read.topology, host, w);
}

/** Plays a failure on the region as it is. */
async function rehearse(): Promise<string> {
  const { host, rack } = values;
  if (host !== undefined && rack !== undefined) throw new Wrong(2, 'plan: a host or a rack, not both');
  const file = process.env['LIFEBOAT_TOPOLOGY'];
  if (file === undefined) throw new Wrong(1, 'LIFEBOAT_TOPOLOGY: not set; set it to the topology file that the services use');
  const read = parseTopology(file, await text(file));
  if (!read.ok) throw new Wrong(1, read.complaints.map(complaintText).join('\n'));
  const fails = host === undefined ? ({ kind: 'rack', name: rack ?? '' } as const) : ({ kind: 'host', name: host } as const);
  const made = dryRun(await readFleet(process.env, read.topology), read.topology, fails);
  if (!made.ok) throw new Wrong(1, made.problem);
  return values.json === true ? JSON.stringify(made.run.plan, null, 2) : tellDryRun(made.run);
}

function chosen(which: string | undefined, all: Parameters<typeof incidentsIn>[0]) {
  const incidents = incidentsIn(all);
  if (which === undefined) throw new Wrong(2, 'which incident? one of `lifeboat incidents`, or: last');
  // a drain has a story, too
  if (which.startsWith('inc-drain-') && drainsIn(all).some((d) => d.incident === which)) return incidentId(which);
  const found = which === 'last' ? incidents.at(-1) : incidents.find((i) => i.incident === which);
  if (found === undefined)
    throw new Wrong(
      1,
      incidents.length === 0 ? 'no incident is on the topics' : `no incident ${which}; there are:\n${incidentTable(incidents)}`,
    );
  return incidentId(found.incident);
}

/** With the topology, racks and planned work are known, too; without it, what the events say. */
async function settingsOf(all: Parameters<typeof settingsFrom>[0]) {
  const file = process.env['LIFEBOAT_TOPOLOGY'];
  if (file === undefined) return settingsFrom(all);
  const read = parseTopology(file, await text(file));
  if (!read.ok) throw new Wrong(1, read.complaints.map(complaintText).join('\n'));
  return correlatorSettings(read.topology);
}

async function text(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((e: Error) => {
    throw new Wrong(1, `${file}: cannot be read: ${e.message}`);
  });
}

/** How many words each command takes after its name; the rest is said by options. */
const takes: Readonly<Record<string, number>> = { story: 1, events: 1, explain: 1, drain: 1, topology: 1, item: 2 };
function checkWords(command: string, words: readonly string[]): void {
  const extra = words.slice(takes[command] ?? 0);
  const host = ['evacuate', 'statement', 'release', 'plan'].includes(command) ? ' (a host is named by --host H)' : '';
  if (extra.length > 0) throw new Wrong(2, `${command}: ${extra.join(' ')}: not understood${host}; npm run lifeboat -- --help`);
}

const [name, argument] = positionals;
const command = name === undefined ? undefined : commands[name];
if (command === undefined) {
  console.log(name === undefined ? HELP : `no such command: ${name}\n\n${HELP}`);
  process.exitCode = 2;
} else {
  try {
    checkWords(name as string, positionals.slice(1));
    console.log(await command(argument));
  } catch (e) {
    console.error((e as Error).message);
    process.exitCode = e instanceof Wrong ? e.code : 1;
  }
}
