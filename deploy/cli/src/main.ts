import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { incidentId } from '@lifeboat/kernel';
import { parseTopology } from '@lifeboat/runtime/process';
import { eventsOfIncident, tellStory } from '@lifeboat/story';
import { complaintText, incidentsIn, incidentTable } from './incidents.ts';
import { planFile } from './plan.ts';
import { readEvents } from './read-events.ts';

const HELP = `npm run lifeboat -- COMMAND

  incidents                 every incident on the topics: when, what, how it ended
  story INCIDENT | last     one incident from its events alone: who found, decided and did what, and when
  events INCIDENT | last    the same events as JSON, a line each
  topology FILE             checks a topology file; names each field that is wrong, and the mend
  plan --input FILE.json    plans an evacuation from a file and prints the plan as JSON (schema: docs/plan-input.md)

LIFEBOAT_KAFKA (or --kafka) says where the events are; default 127.0.0.1:9092.
Exit code: 0 done, 1 what was asked for is not there or not right, 2 the command was not understood.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { kafka: { type: 'string' }, input: { type: 'string' }, help: { type: 'boolean' } },
});
const brokers = (values.kafka ?? process.env['LIFEBOAT_KAFKA'] ?? '127.0.0.1:9092').split(',').map((b) => b.trim());

class Wrong extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const commands: Record<string, (argument: string | undefined) => Promise<string>> = {
  incidents: async () => incidentTable(incidentsIn(await readEvents(brokers))),
  story: async (which) => {
    const all = await readEvents(brokers);
    return tellStory(all, chosen(which, all)).join('\n');
  },
  events: async (which) => {
    const all = await readEvents(brokers);
    return eventsOfIncident(all, chosen(which, all))
      .map((e) => JSON.stringify(e))
      .join('\n');
  },
  topology: async (file) => {
    if (file === undefined) throw new Wrong(2, 'topology: which file? lifeboat topology FILE');
    const read = parseTopology(file, await text(file));
    if (!read.ok) throw new Wrong(1, read.complaints.map(complaintText).join('\n'));
    const { region, clusters, racks, hosts } = read.topology;
    return `${file}: region ${region}, ${clusters.length} clusters, ${racks.length} racks, ${hosts.length} hosts: all well`;
  },
  plan: async () => {
    if (values.input === undefined) throw new Wrong(2, 'plan: from which file? lifeboat plan --input FILE.json');
    const made = planFile(values.input, await text(values.input));
    if (!made.ok) throw new Wrong(1, complaintText(made.complaint));
    return JSON.stringify(made.plan, null, 2);
  },
};

function chosen(which: string | undefined, all: Parameters<typeof incidentsIn>[0]) {
  const incidents = incidentsIn(all);
  if (which === undefined) throw new Wrong(2, 'which incident? one of `lifeboat incidents`, or: last');
  const found = which === 'last' ? incidents.at(-1) : incidents.find((i) => i.incident === which);
  if (found === undefined)
    throw new Wrong(
      1,
      incidents.length === 0 ? 'no incident is on the topics' : `no incident ${which}; there are:\n${incidentTable(incidents)}`,
    );
  return incidentId(found.incident);
}

async function text(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((e: Error) => {
    throw new Wrong(1, `${file}: cannot be read: ${e.message}`);
  });
}

const [name, argument] = positionals;
const command = name === undefined ? undefined : commands[name];
if (values.help === true || command === undefined) {
  console.log(name === undefined || values.help === true ? HELP : `no such command: ${name}\n\n${HELP}`);
  process.exitCode = values.help === true ? 0 : 2;
} else {
  try {
    console.log(await command(argument));
  } catch (e) {
    console.error((e as Error).message);
    process.exitCode = e instanceof Wrong ? e.code : 1;
  }
}
