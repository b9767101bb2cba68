import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { repository } from './repository.ts';

const decide = 'services/a/src/decide.ts';
/** rule → a line of a decision that breaks it, and where. */
const forbidden: readonly (readonly [rule: string, file: string, line: string])[] = [
  ['noRestrictedGlobals', decide, 'export const now = () => Date.now();'],
  ['noRestrictedGlobals', decide, 'export const today = () => new Date();'],
  ['noRestrictedGlobals', 'libs/planner/src/a.ts', 'export const t = () => performance.now();'],
  ['noRestrictedGlobals', 'services/a/src/decide/b.ts', 'export const later = () => setTimeout(later, 1);'],
  ['noRestrictedGlobals', 'services/agent/src/decide/c.ts', 'export const env = () => process.env;'],
  ['noRestrictedGlobals', 'services/a/src/survey.ts', 'export const id = () => crypto.randomUUID();'],
  ['noRestrictedGlobals', 'services/a/src/diagnose.ts', "export const ask = () => fetch('x');"],
  ['noRestrictedGlobals', 'libs/kernel/src/a.ts', 'export const g = () => globalThis.Date;'],
  ['noJsRestrictedProperties', 'services/a/src/plan.ts', 'export const die = () => Math.random();'],
  ['noFloatingPromises', 'services/a/src/perform/act.ts', 'const f = async () => {};\nf();'],
  ['noExplicitAny', 'services/a/src/any.ts', 'export const x = (y: any) => y;'],
  ['noConsole', 'services/a/src/log.ts', "console.log('x');"],
];

describe('the linter', () => {
  let tree = '';
  let found: readonly { rule: string; file: string }[] = [];

  before(async () => {
    tree = await mkdtemp(join(tmpdir(), 'lifeboat-lint-'));
    await cp(join(repository, 'biome.json'), join(tree, 'biome.json'));
    const write = async (path: string, text: string) => {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), `${text}\n`);
    };
    for (const [i, [, file, line]] of forbidden.entries()) await write(numbered(file, i), line);
    await write('libs/kernel/src/time.ts', 'export const iso = (t: number) => new Date(t).toISOString();');
    await write('services/a/src/decide.test.ts', 'export const now = Date.now();');
    await write('services/a/src/main.ts', 'export const environment = process.env;');
    await write('services/agent/src/peers.ts', 'export const now = () => Date.now();');
    found = await lint(tree);
  });
  after(() => rm(tree, { recursive: true, force: true }));

  for (const [i, [rule, file, line]] of forbidden.entries()) {
    it(`refuses ${line.split('\n').at(-1)} in ${file}`, () => {
      assert.ok(
        found.some((f) => f.rule.endsWith(`/${rule}`) && f.file === numbered(file, i)),
        JSON.stringify(found),
      );
    });
  }
  it("lets the kernel's time format dates, and shells and tests read the clock", () => {
    assert.deepEqual(
      found.filter((f) => /(time|main|peers|[.]test)[.]ts$/.test(f.file)),
      [],
    );
  });
});

/** decide.ts → decide-3.ts: a file for each case, under a name that means the same. */
const numbered = (file: string, i: number) => file.replace(/[.]ts$/, `-${i}.ts`);

async function lint(directory: string): Promise<{ rule: string; file: string }[]> {
  const biome = join(repository, 'node_modules/.bin/biome');
  const json = await new Promise<string>((resolve, reject) => {
    execFile(
      biome,
      ['lint', '--reporter=json', '--max-diagnostics=200', '.'],
      { cwd: directory, timeout: 60_000 },
      (error, out, complaints) => {
        // it ends with an error when rules are broken, and those are what we came for
        if (out.startsWith('{')) resolve(out);
        else reject(new Error(`biome: ${complaints || out}`, { cause: error }));
      },
    );
  });
  const { diagnostics } = JSON.parse(json) as { diagnostics: { category: string; location: { path: string | { file: string } } }[] };
  return diagnostics.map((d) => ({ rule: d.category, file: typeof d.location.path === 'string' ? d.location.path : d.location.path.file }));
}
