import { type Registration, readRegistration } from '@lifeboat/contracts';
import { done, failed, type HostId, type Outcome, ok } from '@lifeboat/kernel';
import type { AgentSession, Registered } from '@lifeboat/ports';
import { answers, type Client, type Stat } from './client.ts';
import type { Sessions } from './session.ts';

export const hostsPath = (sessions: Sessions) => `${sessions.root}/hosts`;
/** A host's name may hold anything; a node's may not hold a slash. */
export const nodeOf = (host: HostId) => encodeURIComponent(host);
export const hostOf = (node: string): HostId => {
  if (!node.includes('%')) return node as HostId;
  try {
    return decodeURIComponent(node) as HostId;
  } catch {
    return node as HostId;
  }
};

export function readEntry(host: HostId, session: string, raw: string): Registered {
  const read = readRegistration(host, raw);
  return read.ok ? { kind: 'host', session, registration: read.registration } : { kind: 'malformed', session, reason: read.reason, raw };
}

const unreachable = (what: string) => failed('REGISTRY_UNREACHABLE', `${what}: ZooKeeper did not answer within the limit`);
/** An entry of another session is looked at, removed where it is our own former one, and looked at again. */
const JOIN_TRIES = 5;

export async function join(sessions: Sessions, r: Registration): Promise<Outcome<AgentSession, 'REGISTRY_UNREACHABLE' | 'REGISTRY_TAKEN'>> {
  const client = await sessions.reach(sessions.timeoutMs);
  if (client === null) return unreachable(`join ${r.host}`);
  const path = `${hostsPath(sessions)}/${nodeOf(r.host)}`;
  for (let i = 0; i < JOIN_TRIES; i++) {
    const made = await client.create(path, JSON.stringify(r), 'ephemeral');
    if (made?.rc === answers.OK) return ok(await agentSession(sessions, client, path, r.host));
    if (made?.rc !== answers.NODE_EXISTS) return unreachable(`join ${r.host}`);
    const found = await client.get(path);
    if (found === null) return unreachable(`join ${r.host}`);
    if (found.rc === answers.NO_NODE) continue;
    const stat = found.value as Stat;
    if (stat.ephemeralOwner === client.id) {
      // an earlier call of ours whose answer was lost
      if ((await client.set(path, JSON.stringify(r)))?.rc === answers.OK) return ok(await agentSession(sessions, client, path, r.host));
      continue;
    }
    const entry = readEntry(r.host, stat.ephemeralOwner, found.data?.toString('utf8') ?? '');
    // the same boot of the same host: our own former life, which need not run out
    if (entry.kind !== 'host' || entry.registration.bootId !== r.bootId)
      return failed('REGISTRY_TAKEN', `${r.host} is registered by session ${stat.ephemeralOwner}, of another boot`);
    await client.remove(path, stat.version);
  }
  return unreachable(`join ${r.host}: its entry keeps changing`);
}

async function agentSession(sessions: Sessions, client: Client, path: string, host: HostId): Promise<AgentSession> {
  let ended = false;
  let resolve: (reason: string) => void = () => undefined;
  const over = new Promise<string>((r) => {
    resolve = r;
  });
  const end = (reason: string) => {
    if (ended) return;
    ended = true;
    deaf();
    resolve(reason);
  };
  // a watch on the (empty) list of its children fires when the node is removed, and not at each update
  const look = async () => {
    const seen = await client.children(path, true);
    if (seen?.rc === answers.NO_NODE) end('the entry was removed');
  };
  const deaf = sessions.listen({
    connected: (c) => {
      if (c === client) void look();
    },
    over: (c) => {
      if (c === client) end(sessions.closed.aborted ? 'closed' : 'the session has expired');
    },
    change: (kind, changed) => {
      if (changed === path && (kind === 'deleted' || kind === 'child')) void check();
    },
  });
  /** Deleted, and perhaps made anew by another session at once. */
  const check = async () => {
    const seen = await client.exists(path);
    if (seen === null) return;
    if (seen.rc === answers.NO_NODE || (seen.value as Stat).ephemeralOwner !== client.id) end('another session has taken the name over');
    else await look();
  };
  await look();
  return {
    id: client.id,
    over,
    update: async (r) => {
      if (ended) return failed('REGISTRY_UNREACHABLE', `the session of ${host} is over: join again`);
      const set = await client.set(path, JSON.stringify(r));
      if (set === null) return unreachable(`update ${host}`);
      if (set.rc === answers.OK && (set.value as Stat).ephemeralOwner === client.id) return done;
      end('the entry is not ours any more');
      return failed('REGISTRY_UNREACHABLE', `the session of ${host} is over: join again`);
    },
    leave: async () => {
      if (ended) return;
      end('left');
      if (client.connected) await client.remove(path);
      void sessions.discard(client, path);
    },
  };
}
