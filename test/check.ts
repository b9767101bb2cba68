import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { commandLine, notUnderstood } from '@lifeboat/runtime/command-line';

const repository = fileURLToPath(new URL('..', import.meta.url));
const tool = (name: string) => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));

/** `npm run check`: everything that can be said about the code without running it, cheapest first. */
const checks: readonly (readonly [name: string, program: string, ...args: string[]])[] = [
  ['format and lint', tool('biome'), 'ci', '--colors=off', '--error-on-warnings', '--diagnostic-level=warn', '--max-diagnostics=100', '.'],
  [
    'types',
    tool('tsc'),
    '--project',
    'tsconfig.json',
    '--pretty',
    'false',
    '--incremental',
    '--tsBuildInfoFile',
    'node_modules/.cache/types.tsbuildinfo',
  ],
  ['boundaries', tool('depcruise'), 'services', 'libs', 'deploy', 'test', '--output-type', 'err-long'],
  ['generated documents', process.execPath, 'libs/contracts/src/generate/main.ts', '--check'],
];
const LIMIT_MS = 5 * 60_000;

const run = (program: string, args: readonly string[]): Promise<{ passed: boolean; printed: string }> =>
  new Promise((ended) => {
    const child = spawn(program, args, { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
    let printed = '';
    const keep = (chunk: Buffer) => {
      printed += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (e) => ended({ passed: false, printed: `${program}: ${e.message}` }));
    child.on('close', (code, signal) =>
      ended({ passed: code === 0, printed: signal === null ? printed : `${printed}\nended by ${signal} after ${LIMIT_MS / 1000} s` }),
    );
  });
const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

const USAGE = `npm run check -- [--only NAME ...]

  ${checks.map(([name]) => name).join(', ')}; all of them where none is named`;
const { values, positionals } = commandLine(USAGE, { only: { type: 'string', multiple: true }, help: { type: 'boolean' } });
for (const name of [...positionals, ...(values.only ?? [])])
  if (positionals.includes(name) || !checks.some(([n]) => n === name)) notUnderstood(`no such check: ${name}`, USAGE);

const started = performance.now();
const failed: string[] = [];
for (const [name, program, ...args] of checks.filter(([n]) => values.only === undefined || values.only.includes(n))) {
  const from = performance.now();
  const { passed, printed } = await run(program, args);
  console.log(`${passed ? '✔' : '✖'} ${name} (${seconds(from)})`);
  if (passed) continue;
  failed.push(name);
  console.log(`${printed.trim().replaceAll(/^/gm, '    ')}\n`);
}
console.log(failed.length === 0 ? `all checks pass (${seconds(started)})` : `failed: ${failed.join(', ')} (${seconds(started)})`);
process.exitCode = failed.length === 0 ? 0 : 1;
