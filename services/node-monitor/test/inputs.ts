import type { LifeboatEvent } from '@lifeboat/contracts';
import { hostId, instant, rackId } from '@lifeboat/kernel';
import { monitor } from '../src/decide/decide.ts';
import {
  lookAtCompute,
  lookAtPower,
  lookAtSsh,
  type MonitorEffect,
  type MonitorInput,
  type MonitorResult,
  restartAgent,
  roundAt,
} from '../src/decide/effects.ts';
import { defaultMonitorSettings, type MonitorSettings } from '../src/settings.ts';
import { initialState, type MonitorState } from '../src/state.ts';

export const names = ['h1', 'h2', 'h3'];
export const settings: MonitorSettings = {
  ...defaultMonitorSettings,
  // identity.test.ts is about that
  identity: { ...defaultMonitorSettings.identity, atOnce: 0 },
  hosts: new Map(
    names.map((n, i) => [
      hostId(n),
      { host: hostId(n), rack: rackId(i < 2 ? 'r1' : 'r2'), address: `10.0.0.${i}`, maintenance: false, fenced: true },
    ]),
  ),
};
export const decide = monitor(settings);

export type In = (at: number) => MonitorInput;
export const round =
  (...silent: string[]): In =>
  (at) => ({
    kind: 'observed',
    at: instant(at),
    observation: {
      kind: 'round',
      round: roundAt(instant(at)),
      startedAt: instant(at),
      unfit: null,
      silent: silent.map((h) => ({ host: hostId(h), detail: 'no answer' })),
      unseen: [],
    },
  });
export const unfit: In = (at) => ({
  kind: 'observed',
  at: instant(at),
  observation: { kind: 'round', round: roundAt(instant(at)), startedAt: instant(at), unfit: 'no carrier on eth0', silent: [], unseen: [] },
});
export const agent =
  (kind: 'registered' | 'lost' | 'left', host = 'h1', session = 's1'): In =>
  (at) => {
    const type = kind === 'registered' ? 'lifeboat.agent.registered' : 'lifeboat.agent.lost';
    const data = { host, session, reason: kind === 'left' ? 'left' : 'session-lapsed', bootId: 'b', vms: [], peers: [], at };
    return {
      kind: 'event',
      at: instant(at),
      event: { type, data, id: 'x', source: 'agent-watcher/1', time: at, sequence: at } as unknown as LifeboatEvent,
    };
  };
export const settled =
  (effect: MonitorEffect, result: MonitorResult): In =>
  (at) => ({ kind: 'settled', effect, result, at: instant(at) });
export const ssh =
  (is: 'works' | 'refused' | 'dead', host = 'h1'): In =>
  (at) =>
    settled(lookAtSsh(hostId(host)), { kind: 'ssh', signal: { is, at: instant(at) } })(at);
export const power =
  (is: 'on' | 'off' | 'unreachable' | 'error', host = 'h1'): In =>
  (at) =>
    settled(lookAtPower(hostId(host)), { kind: 'power', signal: { is, at: instant(at) } })(at);
export const compute =
  (services: Record<string, 'up' | 'down' | 'disabled' | 'forced-down'> | null): In =>
  (at) =>
    settled(lookAtCompute, {
      kind: 'compute',
      at: instant(at),
      services: services && Object.entries(services).map(([h, is]) => [hostId(h), is] as const),
    })(at);
export const restartDone = (attempt: number, succeeded: boolean, session = 's1'): In =>
  settled(restartAgent(hostId('h1'), session, attempt), { kind: 'restarted', succeeded, detail: 'exit 1' });

/** Runs the inputs and gives what came out of each, in words. */
export function run(...inputs: [at: number, what: In][]): { state: MonitorState; out: string[][] } {
  let state = initialState;
  const out = inputs.map(([at, what]) => {
    const step = decide(state, what(at));
    state = step.state;
    return step.outputs.map((o) => {
      if (o.kind === 'do') return `do ${o.effect.operation}`;
      const e = o.event;
      if (e.type === 'lifeboat.node.observed')
        return `${e.data.host} ${Object.entries(e.data.signals)
          .map(([k, v]) => `${k}=${(v as { is: string }).is}@${(v as { at: number }).at}`)
          .join(' ')}`;
      if (e.type === 'lifeboat.round.completed')
        return `round ${e.data.observer} ${e.data.racks.map((r) => `${r.rack}:${r.alive}/${r.dead}`).join(' ')}`;
      if (e.type === 'lifeboat.agent.restarted') return `restarted ${e.data.succeeded} ${e.data.attempt}`;
      return e.type;
    });
  });
  return { state, out };
}
export const well: [number, In][] = [
  [1_000, round()],
  [1_100, compute({ h1: 'up', h2: 'up', h3: 'up' })],
  [1_200, agent('registered')],
];
/** The outputs of the last input. */
export const last = (...inputs: [number, In][]) => run(...well, ...inputs).out.at(-1) ?? [];
