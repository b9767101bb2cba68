import type { Registry } from '@lifeboat/ports';
import { answers, type Client, type Stat } from './client.ts';
import type { Sessions } from './session.ts';

const PAUSE_MS = 100;

/** Stands among the members for as long as `signal` lets; every change of them, and every new connection, is looked at anew. */
export async function gather(sessions: Sessions, group: string, member: string, how: Parameters<Registry['gather']>[2]): Promise<void> {
  const folder = `${sessions.root}/members/${encodeURIComponent(group)}`;
  const own = encodeURIComponent(member);
  let told = '';
  while (!how.signal.aborted && !sessions.closed.aborted) {
    const client = await sessions.reach(sessions.timeoutMs, how.signal);
    if (client === null) continue;
    const wake = new AbortController();
    const ring = () => wake.abort();
    const deaf = sessions.listen({
      connected: ring,
      over: ring,
      change: (_kind, path) => {
        if (path === folder) ring();
      },
    });
    how.signal.addEventListener('abort', ring);
    const members = await presentMembers(client, folder, own);
    if (members !== null && !how.signal.aborted && members.join(' ') !== told) {
      told = members.join(' ');
      how.onMembers(members.map((m) => decodeURIComponent(m)));
    }
    // in case a watch was lost it is looked at after a while anyway
    if (!how.signal.aborted) await sessions.clock.sleep(members === null ? PAUSE_MS : 2 * sessions.timeoutMs, wake.signal);
    how.signal.removeEventListener('abort', ring);
    deaf();
  }
  const client = sessions.client;
  if (client !== null) await client.remove(`${folder}/${own}`);
}

/** Our own node, made where it is missing, and everybody's; null: some call got no answer, or the node is being taken over. */
async function presentMembers(client: Client, folder: string, own: string): Promise<string[] | null> {
  const path = `${folder}/${own}`;
  const made = await client.create(path, '', 'ephemeral');
  if (made?.rc === answers.NO_NODE) {
    await client.create(folder, '', 'lasting');
    return null;
  }
  if (made?.rc === answers.NODE_EXISTS) {
    const found = await client.exists(path);
    if (found?.rc !== answers.OK) return null;
    const stat = found.value as Stat;
    // of our own former session, which need not run out
    if (stat.ephemeralOwner !== client.id) {
      await client.remove(path, stat.version);
      return null;
    }
  } else if (made?.rc !== answers.OK) return null;
  const listed = await client.children(folder, true);
  return listed?.rc === answers.OK ? (listed.value as string[]).sort() : null;
}
