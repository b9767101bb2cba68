import { plainEnv, type RunningLines, runLines, runProgram } from '@lifeboat/subprocess';
import type { DomainSource, DomainState, Listed } from './bridge.ts';

export interface VirshOptions {
  readonly uri: string;
  readonly virsh: string;
  readonly timeLimitMs: number;
  readonly changed: () => void;
}

/** `uuid name`, one line for each (list --all --uuid --name). A name may have blanks, a UUID has none. */
export const readUuids = (text: string): Map<string, string> =>
  new Map([...text.matchAll(/^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\s+(.+?)\s*$/gm)].map((m) => [m[2] ?? '', m[1] ?? '']));

/** Blocks of `Domain: 'name'`, `state.state=5`, `state.reason=3` (domstats --state). */
export const readStates = (text: string, uuids: ReadonlyMap<string, string>): DomainState[] =>
  text.split(/^Domain: /m).flatMap((block) => {
    const name = /^'(.*)'\s*$/m.exec(block)?.[1] ?? '';
    const [state, reason] = ['state', 'reason'].map((f) => new RegExp(`^\\s*state\\.${f}=(\\d+)`, 'm').exec(block)?.[1]);
    const uuid = uuids.get(name);
    return uuid === undefined || state === undefined ? [] : [{ uuid, name, state: Number(state), reason: Number(reason ?? 0) }];
  });

const RESTART_MS = 1_500;

/** Where python3-libvirt is missing: two short virsh calls a question, and one that listens. */
export const virsh = (o: VirshOptions): DomainSource => {
  let listener: RunningLines | null = null;
  let restart: NodeJS.Timeout | undefined;
  let heardFrom: NodeJS.Timeout | undefined;
  let closed = false;
  const listen = () => {
    // virsh does not say when it has begun to hear; what happened before is asked for once it has.
    heardFrom = setTimeout(o.changed, RESTART_MS);
    listener = runLines({
      command: '/usr/bin/env',
      args: [o.virsh, '-q', '-k', '2', '-K', '3', '-c', o.uri, 'event', '--all', '--loop'],
      env: plainEnv(),
      onLine: (line) => void (/^event '(lifecycle|reboot|watchdog|io-error)'/.test(line) && o.changed()),
      onEnd: () => {
        clearTimeout(heardFrom);
        if (closed) return;
        o.changed();
        restart = setTimeout(listen, RESTART_MS);
      },
    });
  };
  listen();
  const run = async (...args: string[]): Promise<Readonly<{ ok: true; text: string }> | Readonly<{ ok: false; why: string }>> => {
    const ran = await runProgram({
      command: '/usr/bin/env',
      args: [o.virsh, '-q', '-c', o.uri, ...args],
      env: plainEnv(),
      timeLimitMs: o.timeLimitMs,
    });
    if (ran.kind === 'ended' && ran.code === 0) return { ok: true, text: ran.stdout };
    if (ran.kind === 'not-started') return { ok: false, why: ran.why };
    return {
      ok: false,
      why: ran.kind === 'timeout' ? `virsh did not answer within ${o.timeLimitMs} ms` : `virsh: ${ran.stderr.trim().slice(0, 300)}`,
    };
  };
  return {
    list: async (): Promise<Listed> => {
      const states = await run('domstats', '--state');
      if (!states.ok) return states;
      // Asked second: a VM defined in between is told at the next question, none is told without its id.
      const uuids = await run('list', '--all', '--uuid', '--name');
      return uuids.ok ? { ok: true, vms: readStates(states.text, readUuids(uuids.text)) } : uuids;
    },
    close: () => {
      closed = true;
      clearTimeout(restart);
      clearTimeout(heardFrom);
      listener?.stop();
    },
  };
};
