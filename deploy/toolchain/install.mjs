import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDebianPackages, missingPrograms } from './apt.mjs';
import { withLock } from './lock.mjs';

/** Something the person who runs us can mend: shown without a stack. */
export class TroubleError extends Error {}

const here = dirname(fileURLToPath(import.meta.url));
export const repository = resolve(here, '../..');
const NODE_MAJOR = 24;
const INSTALL_LIMIT_MS = 15 * 60_000;
const say = (line) => console.error(`lifeboat: ${line}`);
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Makes sure of Node 24 and pnpm; answers where they are and the environment to run them in. */
export async function installToolchain() {
  const pins = readJson(join(here, 'package.json'));
  const bundled = `node-${process.platform}-${process.arch}`;
  const wanted = { ...pins.dependencies, ...pick(pins.optionalDependencies, bundled) };
  const lacking = () => Object.entries(wanted).filter(([name, version]) => installedVersion(name) !== version);
  if (lacking().length > 0) {
    await withLock(repository, say, async () => {
      const missing = lacking();
      if (missing.length === 0) return;
      say(`installing ${missing.map((m) => m.join(' ')).join(' and ')} into deploy/toolchain (once) ...`);
      await npmCi();
    });
  }
  const packageFolder = join(here, 'node_modules', bundled);
  const node = await usableNode(bundled in wanted ? join(packageFolder, 'bin', 'node') : undefined, bundled);
  const env = quietEnvironment();
  env.PATH = [dirname(node), join(repository, 'node_modules/.bin'), env.PATH ?? ''].join(delimiter);
  // the headers to build native addons with lie in the package: node-gyp would fetch them from the network otherwise
  const headers = existsSync(join(packageFolder, 'include/node/node.h')) ? { npm_config_nodedir: packageFolder } : {};
  return { node, pnpm: join(here, 'node_modules/pnpm/bin/pnpm.cjs'), env, pnpmEnv: { ...env, ...headers } };
}

/**
 * Installs the workspace, or the part of it that the embedded mode needs, where it changed since it was last installed.
 * That part is installed without running any install script, so it needs no compiler.
 */
export async function installPackages(tools, scope) {
  const fingerprint = workspaceFingerprint(tools.node);
  if (isInstalled(fingerprint, scope)) return;
  await withLock(repository, say, async () => {
    if (isInstalled(fingerprint, scope)) return;
    if (scope === 'all') await ensureCompiler();
    say(scope === 'all' ? 'installing packages ...' : 'installing the packages of the embedded mode ...');
    const args = [
      tools.pnpm,
      'install',
      '--frozen-lockfile',
      '--reporter=append-only',
      '--loglevel=warn',
      '--config.confirm-modules-purge=false',
    ];
    if (scope === 'embedded') args.push('--filter', '@lifeboat/embedded...', '--ignore-scripts');
    await runQuietly(tools.node, args, tools.pnpmEnv, 'pnpm install');
    // builds what an earlier install of the embedded part left unbuilt
    if (scope === 'all') await runQuietly(tools.node, [tools.pnpm, '--recursive', 'rebuild', '--pending'], tools.pnpmEnv, 'pnpm rebuild');
    mkdirSync(join(repository, 'node_modules'), { recursive: true });
    writeFileSync(stampFile(scope), fingerprint);
  });
}

const stampFile = (scope) => join(repository, 'node_modules', `.lifeboat-installed-${scope}`);
const isInstalled = (fingerprint, scope) =>
  (scope === 'embedded' ? ['embedded', 'all'] : ['all']).some(
    (s) => existsSync(stampFile(s)) && readFileSync(stampFile(s), 'utf8') === fingerprint,
  );

/** Changes when any file does that says what is to be installed. */
function workspaceFingerprint(node) {
  const hash = createHash('sha256').update(node);
  const folders = ['services', 'libs', 'deploy'].flatMap((f) =>
    readdirSync(join(repository, f))
      .sort()
      .map((name) => `${f}/${name}`),
  );
  for (const folder of ['', 'test', ...folders]) {
    for (const name of ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package-lock.json']) {
      const file = join(repository, folder, name);
      if (existsSync(file)) hash.update(`\0${folder}/${name}\0`).update(readFileSync(file));
    }
  }
  return hash.digest('hex');
}

async function ensureCompiler() {
  const wanted = { make: 'make', 'g++': 'g++', python3: 'python3' };
  const missing = missingPrograms(Object.keys(wanted));
  if (missing.length === 0) return;
  const problem = await installDebianPackages(
    missing.map((m) => wanted[m]),
    say,
  );
  if (problem !== null) throw new TroubleError(`The ZooKeeper client is a native addon and needs a compiler: ${problem}`);
}

async function npmCi() {
  const cli = process.env.npm_execpath;
  const args = ['ci', '--prefix', here, '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  const [program, all] = cli !== undefined && /npm-cli\.c?js$/.test(cli) ? [process.execPath, [cli, ...args]] : ['npm', args];
  await runQuietly(program, all, quietEnvironment(), 'npm ci --prefix deploy/toolchain');
}

async function usableNode(bundled, name) {
  if (bundled !== undefined && (await succeeds(bundled, ['--version']))) return bundled;
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath;
  const why = bundled === undefined ? `no ${name} package is known` : `${bundled} does not start on this system`;
  throw new TroubleError(
    `Lifeboat needs Node ${NODE_MAJOR} and you run ${process.version}; ${why}.\nInstall Node ${NODE_MAJOR} or newer (nodejs.org, or your system's packages), then run this again.`,
  );
}

/** Ours without what the outer npm set for itself, and with a home to write to: an npm without one fails in odd ways. */
function quietEnvironment() {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([k]) => !/^npm_(config_(nodedir|local_prefix|prefix)|lifecycle|package)/i.test(k)),
  );
  if (!isWritable(env.HOME)) {
    env.HOME = join(repository, '.lifeboat/home');
    mkdirSync(env.HOME, { recursive: true });
  }
  env.CI ??= 'true'; // no questions, no progress bars
  return env;
}
const isWritable = (folder) => {
  try {
    accessSync(folder ?? '', constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

const pick = (from, key) => (from[key] === undefined ? {} : { [key]: from[key] });
const installedVersion = (name) => {
  const file = join(here, 'node_modules', name, 'package.json');
  return existsSync(file) ? readJson(file).version : undefined;
};
const succeeds = (program, args) =>
  new Promise((answer) => {
    const child = spawn(program, args, { stdio: 'ignore' });
    child.on('error', () => answer(false));
    child.on('exit', (code) => answer(code === 0));
  });

/** Shows what a program printed only when it fails. */
function runQuietly(program, args, env, what) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd: repository, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: INSTALL_LIMIT_MS });
    let printed = '';
    const keep = (chunk) => {
      printed = (printed + chunk).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
    child.on('error', (e) => fail(new TroubleError(`${what}: ${e.code === 'ENOENT' ? `${program} is not installed` : e.message}`)));
    child.on('close', (code, signal) => (code === 0 ? done() : fail(new TroubleError(`${printed}\n${what} failed (${signal ?? code})`))));
  });
}
