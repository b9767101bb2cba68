import { existsSync } from 'node:fs';
import { commandLine, notUnderstood } from '@lifeboat/runtime/command-line';
import { figures, type Listed, type RunFigure } from './index.ts';

const pathOf = (f: Listed) => new URL(f.file, import.meta.url);

/** `npm run figure`: what there is; `npm run figure -- NAME [--full]`: one, its last line `NAME: value (asked: bound)`. */
const usage = (): string => {
  const rows = figures.filter((f) => existsSync(pathOf(f)));
  const width = Math.max(...rows.map((f) => f.name.length));
  return [
    'npm run figure -- NAME [--full]\n',
    ...rows.map((f) => `${f.name.padEnd(width)}  ${f.shows} (${f.quick}; --full: ${f.full})`),
  ].join('\n');
};
const { values, positionals } = commandLine(usage(), {
  full: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
});

/** 0: met, 1: not met or broken. */
async function run(name: string): Promise<number> {
  const found = figures.find((f) => f.name === name && existsSync(pathOf(f)));
  if (found === undefined) return notUnderstood(`no such figure: ${name}`, usage());
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
if (more.length > 0) notUnderstood(`one figure at a time: ${positionals.join(', ')}`, usage());
if (name === undefined) console.log(usage());
// what a figure left running must not keep us
process.exit(name === undefined ? 0 : await run(name));
