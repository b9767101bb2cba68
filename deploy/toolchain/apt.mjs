import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const POLICY = '/usr/sbin/policy-rc.d';
const LIMIT_MS = 15 * 60_000;
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];

export const missingPrograms = (names) => names.filter((name) => !folders.some((f) => f !== '' && existsSync(join(f, name))));

export const missingDebianPackages = (names) =>
  names.filter((name) => spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' }).stdout !== 'install ok installed');

/** Installs Debian packages; answers null, or what hinders it and what to do. */
export async function installDebianPackages(names, say) {
  const advice = `install ${names.join(', ')}`;
  if (missingPrograms(['apt-get']).length > 0) return `${advice} (this system has no apt-get; the names are Debian's).`;
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (asRoot.length > 0 && spawnSync('sudo', ['-n', 'true']).status !== 0) return `as root: apt-get install -y ${names.join(' ')}`;
  say(`installing Debian packages: ${names.join(' ')} ...`);
  const apt = (...args) =>
    run([...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-y', '-qq', '-o', 'DPkg::Lock::Timeout=600', ...args]);
  const install = () => apt('install', '--no-install-recommends', ...names);
  const startsNothing = asRoot.length === 0 && !existsSync(POLICY);
  // apt starts the servers it installs unless a policy says no
  if (startsNothing) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    let outcome = listsAreThere() ? await install() : { ok: false, printed: '' };
    if (!outcome.ok) {
      await apt('update');
      outcome = await install();
    }
    return outcome.ok ? null : `${outcome.printed}\napt-get failed; ${advice} by hand.`;
  } finally {
    if (startsNothing) rmSync(POLICY, { force: true });
  }
}
const listsAreThere = () => existsSync('/var/lib/apt/lists') && readdirSync('/var/lib/apt/lists').some((f) => f.includes('_Packages'));

function run([program, ...args]) {
  return new Promise((done) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
    let printed = '';
    const keep = (chunk) => {
      printed = (printed + chunk).slice(-5_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (e) => done({ ok: false, printed: e.message }));
    child.on('close', (code) => done({ ok: code === 0, printed }));
  });
}
