import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { documents } from './documents.ts';

const repository = resolve(import.meta.dirname, '../../../..');
const GENERATED = 'libs/contracts/generated';
const USAGE = `npm run gen [-- --check]

  writes the JSON Schemas, the AsyncAPI document and the pages of docs/ that come from the definitions;
  --check writes nothing and tells which are stale (exit code 1)`;
const { values } = read();

function read() {
  try {
    const given = parseArgs({ options: { check: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } });
    if (!given.values.help) return given;
    console.log(USAGE);
    process.exit(0);
  } catch (e) {
    console.error(`${(e as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const textOf = (path: string): Promise<string | undefined> => readFile(join(repository, path), 'utf8').catch(() => undefined);
const wanted = documents();
const there = await readdir(join(repository, GENERATED)).catch(() => []);
const leftOver = there.map((name) => `${GENERATED}/${name}`).filter((path) => !wanted.has(path));
const stale: string[] = [];
for (const [path, text] of wanted) if ((await textOf(path)) !== text) stale.push(path);

if (values.check) {
  for (const path of stale) console.error(`${path}: is not what the definitions say`);
  for (const path of leftOver) console.error(`${path}: comes from no definition`);
  if (stale.length + leftOver.length > 0) {
    console.error('Run npm run gen and commit what it writes.');
    process.exitCode = 1;
  } else console.log(`${wanted.size} generated documents are up to date`);
} else {
  for (const path of stale) {
    await mkdir(dirname(join(repository, path)), { recursive: true });
    await writeFile(join(repository, path), wanted.get(path) ?? '');
  }
  for (const path of leftOver) await rm(join(repository, path));
  console.log(`${wanted.size} generated documents: ${stale.length} written, ${leftOver.length} removed`);
}
