import { failures } from '@lifeboat/kernel';
import { services, type Topic, topics } from '../define.ts';
import { TopologySchema } from '../topology/topology.ts';
import { asyncapi } from './asyncapi.ts';
import { definitions, type Json, keyOf, schemaDocument, schemaName } from './json-schema.ts';

const GENERATED = 'libs/contracts/generated';
const json = (document: Json) => `${JSON.stringify(document, null, 2)}\n`;
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
const code = (text: string) => `\`${text}\``;

/** Path from the repository's root → text: everything that `npm run gen` writes. */
export const documents = (): ReadonlyMap<string, string> =>
  new Map([
    ...definitions.map((d): [string, string] => [
      `${GENERATED}/${schemaName(d)}`,
      json(schemaDocument(schemaName(d), d.type, d.about, d.data)),
    ]),
    [
      `${GENERATED}/topology.schema.json`,
      json(
        schemaDocument(
          'topology.schema.json',
          'Lifeboat topology file',
          'What OpenStack does not know: racks, BMCs, fence methods, contacts, policy.',
          TopologySchema,
        ),
      ),
    ],
    [`${GENERATED}/asyncapi.json`, json(asyncapi())],
    [`${GENERATED}/flow.mmd`, flow()],
    ['docs/events.md', eventsPage()],
    ['docs/failures.md', failuresPage()],
  ]);

/** Services and topics: who tells what, who hears. Dead letters are left out: every service may write them. */
function flow(): string {
  const lines = ['%% Generated from the event definitions: npm run gen.', 'flowchart LR'];
  const told = definitions.filter((d) => d.topic !== topics.deadLetters);
  const spoken = Object.entries(topics).filter(([, topic]) => topic !== topics.deadLetters);
  const talking = services.filter((s) => told.some((d) => [...d.producedBy, ...d.consumedBy].includes(s)));
  for (const s of talking) lines.push(`  ${s}["${s}"]`);
  for (const [name, topic] of spoken) lines.push(`  ${name}[("${topic}")]`);
  for (const [name, topic] of spoken) {
    const on = told.filter((d) => d.topic === (topic as Topic));
    for (const s of talking) {
      const says = on.filter((d) => d.producedBy.includes(s)).map((d) => d.type.replace('lifeboat.', ''));
      if (says.length > 0) lines.push(`  ${s} -- "${says.join('<br>')}" --> ${name}`);
    }
    for (const s of talking) if (on.some((d) => d.consumedBy.includes(s))) lines.push(`  ${name} --> ${s}`);
  }
  return `${lines.join('\n')}\n`;
}

function eventsPage(): string {
  const rows = (topic: string) =>
    definitions
      .filter((d) => d.topic === topic)
      .map((d) => [
        `[${code(d.type)}](../${GENERATED}/${schemaName(d)})`,
        code(keyOf(d)),
        d.producedBy.length === services.length ? 'every service' : d.producedBy.join(', '),
        d.consumedBy.join(', '),
        d.about,
      ]);
  const sections = Object.values(topics).map(
    (topic) => `## ${code(topic)}\n\n${table(['event', 'key', 'from', 'to', 'meaning'], rows(topic))}\n`,
  );
  return `<!-- Generated from libs/contracts/src/events: npm run gen. -->
# Events

CloudEvents 1.0 in Kafka's binary mode, JSON data. One topic for each stream; what must stay in order shares a key.
Each event names the incident it belongs to and what caused it. The same in machine-readable form:
[asyncapi.json](../${GENERATED}/asyncapi.json); as a picture: [flow.mmd](../${GENERATED}/flow.mmd).

${sections.join('\n')}`;
}

const retryWords = { never: 'no', backoff: 'yes, by itself', look: 'after looking' } as const;
function failuresPage(): string {
  const rows = Object.entries(failures).map(([name, f]) => [code(name), retryWords[f.retry], f.about, f.mend]);
  return `<!-- Generated from libs/kernel/src/failures.ts: npm run gen. -->
# Failures

Every code that a log line, an event or a health page may name. *Tried again*: **no** (the answer would not change),
**yes, by itself** (with growing pauses), **after looking** (Lifeboat first finds out what the last call did).

${table(['code', 'tried again', 'meaning', 'what the operator does'], rows)}
`;
}
