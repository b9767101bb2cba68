// What the scripts in package.json call: `node deploy/toolchain/run.mjs <task> [arguments]`.
// Plain JavaScript for any Node from 18 on, with nothing installed: it fetches Node 24 and pnpm, then what the task needs.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { installPackages, installToolchain, repository, TroubleError } from './install.mjs';

/** task → the file that does it, and how much of the workspace it needs. */
const tasks = {
  embedded: { file: 'deploy/embedded/src/main.ts', needs: 'embedded' },
  local: { file: 'deploy/local/src/main.ts', needs: 'all' },
  lifeboat: { file: 'deploy/cli/src/main.ts', needs: 'all' },
  check: { file: 'test/check.ts', needs: 'all' },
  test: { file: 'test/run.ts', needs: 'all' },
  sim: { file: 'test/sim/main.ts', needs: 'all' },
  figure: { file: 'test/figures/main.ts', needs: 'all' },
  gen: { file: 'libs/contracts/src/generate/main.ts', needs: 'all' },
  /** The pinned pnpm itself, e.g. to change a dependency: run.mjs pnpm install */
  pnpm: { file: undefined, needs: 'nothing' },
};

async function main([name, ...rest]) {
  const task = tasks[name];
  if (task === undefined) throw new TroubleError(`run.mjs: no such task: ${name ?? '(none)'}; there are ${Object.keys(tasks).join(', ')}`);
  const tools = await installToolchain();
  if (task.needs !== 'nothing') await installPackages(tools, task.needs);
  const given = rest[0] === '--' ? rest.slice(1) : rest;
  const file = task.file === undefined ? tools.pnpm : join(repository, task.file);
  const env = task.file === undefined ? tools.pnpmEnv : tools.env;
  return become(tools.node, [file, ...given], task.file === undefined ? resolve('.') : repository, env);
}

/** Runs a program in our place: its signals, its output, its end. */
function become(program, args, cwd, env) {
  return new Promise((ended) => {
    const child = spawn(program, args, { cwd, env, stdio: 'inherit' });
    // Ctrl-C at a terminal reaches the child by itself; twice would mean 'at once' to it
    const passed = process.stdin.isTTY ? ['SIGTERM', 'SIGHUP', 'SIGUSR2'] : ['SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGINT', 'SIGQUIT'];
    for (const signal of passed) process.on(signal, () => child.kill(signal));
    if (process.stdin.isTTY) process.on('SIGINT', () => {});
    child.on('error', (e) => {
      console.error(`run.mjs: ${program}: ${e.message}`);
      ended(127);
    });
    child.on('exit', (code, signal) => ended(signal === null ? code : 128 + (constants.signals[signal] ?? 0)));
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (e) {
  if (!(e instanceof TroubleError)) throw e;
  console.error(e.message);
  process.exitCode = 1;
}
