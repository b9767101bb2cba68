import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const INSTALL_MS = 10 * 60_000;
const COPY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';
const pom = fileURLToPath(new URL('../servers-pom.xml', import.meta.url));
const packages = { java: 'default-jre-headless', mvn: 'maven', 'redis-server': 'redis-server' } as const;
export type Tool = keyof typeof packages;
export type Say = (line: string) => void;

/** Where a program is, or undefined. /usr/sbin and its like are not on everyone's PATH. */
export const findProgram = (name: string): string | undefined =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin', '/opt/homebrew/bin']
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));

const POLICY = '/usr/sbin/policy-rc.d';

let installing: Promise<unknown> = Promise.resolve();
/** One after another: services that start together ask for the same things together. */
const oneAtATime = <T>(work: () => Promise<T>): Promise<T> => {
  const mine = installing.then(work, work);
  installing = mine.catch(() => undefined);
  return mine;
};

/** apt starts the servers it installs, unless a policy says no. Ours is there only while apt runs. */
const withoutStarting = async (work: () => Promise<unknown>): Promise<void> => {
  const ours = !existsSync(POLICY);
  if (ours) {
    await writeFile(POLICY, '#!/bin/sh\nexit 101\n');
    await chmod(POLICY, 0o755);
  }
  try {
    await work();
  } finally {
    if (ours) await rm(POLICY, { force: true });
  }
};

/** Paths of the programs asked for; on Debian, what is missing is installed with apt (as root). */
export const ensureTools = <T extends Tool>(tools: readonly T[], say: Say): Promise<Record<T, string>> =>
  oneAtATime(() => installTools(tools, say));

const installTools = async <T extends Tool>(tools: readonly T[], say: Say): Promise<Record<T, string>> => {
  const missing = tools.filter((t) => findProgram(t) === undefined);
  if (missing.length > 0) {
    const names = missing.map((t) => packages[t]);
    if (findProgram('apt-get') === undefined || process.getuid?.() !== 0)
      throw new Error(
        `${missing.join(', ')}: not installed; as root on Debian: apt-get install --no-install-recommends ${names.join(' ')}`,
      );
    say(`installing ${names.join(' ')}`);
    const apt = (...args: string[]) =>
      run('apt-get', ['-y', '-q', '-o', 'DPkg::Lock::Timeout=600', ...args], {
        timeout: INSTALL_MS,
        maxBuffer: 64 << 20,
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    await withoutStarting(async () => {
      await apt('update');
      await apt('install', '--no-install-recommends', ...names);
    });
  }
  return Object.fromEntries(
    tools.map((t) => {
      const path = findProgram(t);
      if (path === undefined) throw new Error(`${t}: still not found after installing ${packages[t]}`);
      return [t, path];
    }),
  ) as Record<T, string>;
};

const cacheFolder = () => process.env.LIFEBOAT_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'lifeboat');

/** The folder with Kafka's and ZooKeeper's jars, fetched from Maven Central once for this version of the pom. */
export const ensureJars = (say: Say): Promise<string> => oneAtATime(() => fetchJars(say));

const fetchJars = async (say: Say): Promise<string> => {
  const version = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 12);
  const folder = join(cacheFolder(), `servers-${version}`);
  if (existsSync(folder)) return folder;
  const { mvn } = await installTools(['mvn'], say);
  say('fetching Kafka and ZooKeeper from Maven Central');
  const partial = `${folder}.${process.pid}`;
  await mkdir(partial, { recursive: true });
  try {
    await run(mvn, ['-q', '-B', '-f', pom, `${COPY_PLUGIN}:copy-dependencies`, `-DoutputDirectory=${partial}`, '-DincludeScope=runtime'], {
      timeout: INSTALL_MS,
      maxBuffer: 64 << 20,
    });
    // another process may have been first: its copy is the same
    await rename(partial, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return folder;
};
