import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { figures, type Listed, type RunFigure } from './index.ts';

/** `npm run figure`: what there is; `npm run figure -- NAME [--full]`: one, its last line `NAME: value (asked: bound)`. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { full: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
const pathOf = (f: Listed) => new URL(f.file, import.meta.url);

function list(say: (line: string) => void): void {
  const rows = figures.filter((f) => existsSync(pathOf(f)));
  const width = Math.max(...rows.map((f) => f.name.length));
  say('npm run figure -- NAME [--full]\n');
  for (const f of rows) say(`${f.name.padEnd(width)}  ${f.shows} (${f.quick}; --full: ${f.full})`);
}

/** 0: met, 1: not met or broken, 2: no such figure. */
async function run(name: string): Promise<number> {
  const found = figures.find((f) => f.name === name && existsSync(pathOf(f)));
  if (found === undefined) {
    console.error(`no such figure: ${name}\n`);
    list((line) => console.error(line));
    return 2;
  }
  try {
    const module = (await import(pathOf(found).href)) as { run: RunFigure };
    const { value, asked, met } = await module.run({ full: values.full });
    console.log(`${name}: ${value} (asked: ${asked})`);
    return met ? 0 : 1;
  } catch (e) {
    console.error(e);
    console.log(`${name}: could not be measured: ${e instanceof Error ? (e.message.split('\n')[0] ?? '') : String(e)} (asked: a value)`);
    return 1;
  }
}

const [name, ...more] = positionals;
if (more.length > 0) {
  console.error(`one figure at a time: ${positionals.join(', ')}`);
  process.exit(2);
}
if (name === undefined || values.help) list((line) => console.log(line));
// what a figure left running must not keep us
process.exit(name === undefined || values.help ? 0 : await run(name));
