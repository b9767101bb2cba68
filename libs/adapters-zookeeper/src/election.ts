import { randomUUID } from 'node:crypto';
import { type Epoch, epoch } from '@lifeboat/kernel';
import type { Lease, Registry } from '@lifeboat/ports';
import { answers, type Client, type Stat } from './client.ts';
import type { Sessions } from './session.ts';

const HEARTBEATS_PER_TIMEOUT = 4;
const PAUSE_MS = 100;

interface Candidacy {
  readonly client: Client;
  readonly folder: string;
  readonly node: string;
}
const pathOf = (c: Candidacy) => `${c.folder}/${c.node}`;
const sequenceOf = (node: string) => Number(node.slice(-10));

/** Waits in line until ours is the first of the candidates, then takes the next epoch. */
export async function campaign(
  sessions: Sessions,
  name: string,
  candidate: string,
  options: Parameters<Registry['campaign']>[2],
): Promise<Lease | null> {
  const { signal } = options;
  const folder = `${sessions.root}/leaders/${encodeURIComponent(name)}`;
  const tag = `c-${randomUUID().slice(0, 8)}-`;
  let standing = null as Candidacy | null;
  while (!signal.aborted && !sessions.closed.aborted) {
    const client = await sessions.reach(sessions.timeoutMs, signal);
    if (client === null) continue;
    if (standing?.client !== client) standing = await stand(client, folder, tag, candidate);
    const place: Place = standing === null ? 'unknown' : await placeOf(standing);
    if (place === 'first' && standing !== null) {
      const won = await nextEpoch(sessions, standing, name, options.atLeast ?? 0);
      if (won !== null && !signal.aborted) return lead(sessions, standing, won);
      if (won === null) await sessions.clock.sleep(PAUSE_MS, signal);
    } else if (typeof place === 'string' || standing === null) {
      standing = null;
      await sessions.clock.sleep(PAUSE_MS, signal);
    } else await changeOf(sessions, standing, place.behind, signal);
  }
  if (standing !== null) await withdraw(sessions, standing);
  return null;
}

/** Our place in line: a node of an earlier try whose answer was lost, or a new one. */
async function stand(client: Client, folder: string, tag: string, candidate: string): Promise<Candidacy | null> {
  const made = await client.create(folder, '', 'lasting');
  if (made?.rc !== answers.OK && made?.rc !== answers.NODE_EXISTS) return null;
  const listed = await client.children(folder);
  if (listed?.rc !== answers.OK) return null;
  for (const node of (listed.value as string[]).filter((n) => n.startsWith(tag))) {
    const found = await client.exists(`${folder}/${node}`);
    if (found === null) return null;
    if (found.rc === answers.OK && (found.value as Stat).ephemeralOwner === client.id) return { client, folder, node };
  }
  const own = await client.create(`${folder}/${tag}`, candidate, 'ephemeral in sequence');
  return own?.rc === answers.OK ? { client, folder, node: String(own.value).slice(folder.length + 1) } : null;
}

type Place = 'first' | 'unknown' | { readonly behind: string };

async function placeOf(c: Candidacy): Promise<Place> {
  const listed = await c.client.children(c.folder);
  if (listed?.rc !== answers.OK) return 'unknown';
  const line = (listed.value as string[]).sort((a, b) => sequenceOf(a) - sequenceOf(b));
  const at = line.indexOf(c.node);
  const before = line[at - 1];
  if (at < 0) return 'unknown';
  return before === undefined ? 'first' : { behind: before };
}

/** Until the one before us goes, the connection changes, or, in case a watch was lost, for a while. */
async function changeOf(sessions: Sessions, c: Candidacy, behind: string, signal: AbortSignal): Promise<void> {
  const path = `${c.folder}/${behind}`;
  const stop = new AbortController();
  const wake = () => stop.abort();
  const deaf = sessions.listen({
    connected: wake,
    over: wake,
    change: (_kind, changed) => {
      if (changed === path) wake();
    },
  });
  signal.addEventListener('abort', wake);
  const there = await c.client.exists(path, true);
  if (there?.rc === answers.OK && !signal.aborted) await sessions.clock.sleep(2 * sessions.timeoutMs, stop.signal);
  else if (there === null) await sessions.clock.sleep(PAUSE_MS, stop.signal);
  signal.removeEventListener('abort', wake);
  deaf();
}

/** A counter that outlives everybody. A versioned set: of two who believe they are first only one gets each number. */
async function nextEpoch(sessions: Sessions, c: Candidacy, name: string, atLeast: number): Promise<Epoch | null> {
  const path = `${sessions.root}/epochs/${encodeURIComponent(name)}`;
  const made = await c.client.create(path, '0', 'lasting');
  if (made?.rc !== answers.OK && made?.rc !== answers.NODE_EXISTS) return null;
  const held = await c.client.get(path);
  if (held?.rc !== answers.OK) return null;
  // nonsense counts as nothing: the gates hold what they have seen, and `atLeast` brings it here
  const last = Number(held.data?.toString('utf8'));
  const next = Math.max(Number.isSafeInteger(last) ? last : 0, atLeast) + 1;
  const set = await c.client.set(path, String(next), (held.value as Stat).version);
  if (set?.rc !== answers.OK) return null;
  // still first after the number is taken: whoever comes later finds it taken
  return (await placeOf(c)) === 'first' ? epoch(next) : null;
}

async function withdraw(sessions: Sessions, c: Candidacy): Promise<void> {
  if (c.client.connected) await c.client.remove(pathOf(c));
  void sessions.discard(c.client, pathOf(c));
}

function lead(sessions: Sessions, c: Candidacy, won: Epoch): Lease {
  const lost = new AbortController();
  const { clock } = sessions;
  const safe = () => clock.monotonic() < c.client.safeUntil;
  const deaf = sessions.listen({
    over: (client) => {
      if (client === c.client) end();
    },
  });
  function end() {
    deaf();
    lost.abort();
  }
  const heartbeat = async () => {
    const seen = await c.client.exists(pathOf(c));
    if (seen?.rc === answers.NO_NODE) end();
  };
  const keep = async () => {
    while (!lost.signal.aborted) {
      void heartbeat();
      const left = c.client.safeUntil - clock.monotonic();
      await clock.sleep(Math.max(1, Math.min(sessions.timeoutMs / HEARTBEATS_PER_TIMEOUT, left)), lost.signal);
      if (!safe()) end();
    }
    // lost by our own clock the session may still live, and our place in line with it
    void sessions.discard(c.client, pathOf(c));
  };
  void keep();
  return {
    epoch: won,
    valid: () => !lost.signal.aborted && safe(),
    lost: lost.signal,
    release: async () => {
      end();
      if (c.client.connected) await c.client.remove(pathOf(c));
    },
  };
}
