import { closeSync, linkSync, mkdirSync, openSync, renameSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const ALIVE_EVERY_MS = 1_000;
/** A holder that has not touched its lock for so long is gone. Its event loop is idle: it only waits for npm or pnpm. */
const STALE_MS = 15_000;
const WAIT_LIMIT_MS = 20 * 60_000;
const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

/** Does `work` while nobody else on this checkout does: two installs at once would tear each other's node_modules apart. */
export async function withLock(repository, say, work) {
  const file = join(repository, '.lifeboat/install.lock');
  mkdirSync(join(repository, '.lifeboat'), { recursive: true });
  const giveUpAt = Date.now() + WAIT_LIMIT_MS;
  let told = false;
  while (!take(file)) {
    breakStale(file);
    if (!told) say('another install is under way; waiting for it ...');
    told = true;
    if (Date.now() > giveUpAt) throw new Error(`${file}: held for ${WAIT_LIMIT_MS / 60_000} minutes; end its holder or remove it`);
    await sleep(300);
  }
  const alive = setInterval(() => touch(file), ALIVE_EVERY_MS);
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(alive);
    process.removeListener('exit', release);
    release();
  }
}

function take(file) {
  try {
    const fd = openSync(file, 'wx');
    writeSync(fd, `${process.pid}\n`);
    closeSync(fd);
    return true;
  } catch (e) {
    if (e.code === 'EEXIST') return false;
    throw e;
  }
}

function breakStale(file) {
  const aside = `${file}.${process.pid}`;
  if (!isStale(file)) return;
  try {
    renameSync(file, aside);
    // somebody broke it before us and holds it anew: give it back
    if (!isStale(aside)) linkSync(aside, file);
  } catch {
    // another waiter was quicker; the next look tells
  }
  rmSync(aside, { force: true });
}
const isStale = (file) => {
  try {
    return Date.now() - statSync(file).mtimeMs > STALE_MS;
  } catch {
    return false;
  }
};
const touch = (file) => {
  try {
    const now = new Date();
    utimesSync(file, now, now);
  } catch {
    // removed by hand: the work goes on, unguarded
  }
};
