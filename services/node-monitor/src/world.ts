import { addressOf, DRAINING, type FenceMethod, type Topology, type TopologyHost } from '@lifeboat/contracts';
import { describeFailure, type HostId } from '@lifeboat/kernel';
import type { Clock, Cloud, ComputeService, DumpReports, FenceDevice, Prober, RemoteShell } from '@lifeboat/ports';
import type { PerformContext, ServiceWorld } from '@lifeboat/runtime';
import {
  type ComputeSignal,
  type MonitorEffect,
  type MonitorObservation,
  type MonitorResult,
  type Round,
  roundAt,
} from './decide/effects.ts';

export interface MonitorPorts {
  readonly prober: Prober;
  readonly fence: FenceDevice;
  readonly shell: RemoteShell;
  readonly cloud: Pick<Cloud, 'computeServices'>;
  readonly clock: Clock;
  readonly topology: Topology;
  /** Where hosts' crash kernels are listened to. */
  readonly dumps?: DumpReports;
}

const ROUND_MS = 1_000;
/**
 * While every host answers. A host that dies is silent in the next round, and rounds are quick again from then on: its second
 * silence still comes before its agent's session has lapsed.
 */
const QUIET_ROUND_MS = 2_000;
const REACH_LIMIT_MS = 900;
/** A look at the power must be over before it is old, whatever the fence method's own limit for orders is. */
const POWER_LIMIT_MS = 5_000;

type PowerSignal = Extract<MonitorResult, { kind: 'power' }>['signal'];
type IdentityResult = Extract<MonitorResult, { kind: 'identity' }>;
type SshSignal = Extract<MonitorResult, { kind: 'ssh' }>['signal'];

/** What a standby has seen this recently it tells when it takes over; older rounds say nothing any more. */
const RECENT_MS = 5_000;

/**
 * Looks at the hosts until `life` ends, leading or not: a standby that takes over knows at once who has been silent, and
 * that it can itself see the network.
 */
export function nodeMonitorWorld(
  ports: MonitorPorts,
  life: AbortSignal = new AbortController().signal,
): ServiceWorld<MonitorEffect, MonitorResult, MonitorObservation> {
  const { clock, cloud } = ports;
  let recent: Round[] = [];
  let lead: (o: MonitorObservation) => void = () => undefined;
  void rounds(
    ports,
    (r) => {
      recent = [...recent, r].filter((x) => clock.now() - x.startedAt <= RECENT_MS);
      lead(r);
    },
    life,
  );
  const deaf = ports.dumps?.listen((address) => {
    for (const { host } of ports.topology.hosts.filter((h) => h.managementAddress === address))
      lead({ kind: 'dump', host, at: clock.now() });
  });
  life.addEventListener('abort', () => deaf?.(), { once: true });
  const hosts = new Map<HostId, TopologyHost>(ports.topology.hosts.map((h) => [h.host, h]));
  return {
    async perform(effect, context) {
      if (effect.kind === 'look-at-compute') {
        const at = clock.now();
        const services = await cloud.computeServices();
        return { kind: 'compute', at, services: services.ok ? services.value.map((s) => [s.host, computeSignal(s)] as const) : null };
      }
      const host = hosts.get(effect.host);
      if (host === undefined) return { kind: 'not-done' };
      switch (effect.kind) {
        case 'look-at-ssh':
          return { kind: 'ssh', signal: await lookAtSsh(ports, host) };
        case 'look-at-power':
          return { kind: 'power', signal: await lookAtPower(ports, host, effect.except ?? []) };
        case 'look-at-identity':
          return { kind: 'identity', devices: await lookAtIdentity(ports, host) };
        case 'restart-agent':
          return restart(ports, host, context);
      }
    },
    async observe(push, { signal }) {
      for (const r of recent) if (clock.now() - r.startedAt <= RECENT_MS) push(r);
      lead = push;
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      lead = () => undefined;
    },
  };
}

/** Each begun when the last is over. */
async function rounds({ prober, clock, topology }: MonitorPorts, push: (r: Round) => void, signal: AbortSignal): Promise<void> {
  const addresses = topology.hosts.map((h) => h.managementAddress);
  let last = 0;
  while (!signal.aborted) {
    const startedAt = clock.now();
    const [reach, unfit] = await Promise.all([prober.reach(addresses, REACH_LIMIT_MS), prober.unfitBecause()]);
    if (signal.aborted) return;
    const silent: { host: HostId; detail: string }[] = [];
    const unseen: HostId[] = [];
    for (const { host, managementAddress } of topology.hosts) {
      const r = reach.get(managementAddress);
      if (r === undefined) unseen.push(host);
      else if (!r.alive) silent.push({ host, detail: r.detail });
    }
    last = Math.max(last + 1, roundAt(startedAt));
    push({ kind: 'round', round: last, startedAt, unfit, silent, unseen });
    const everyMs = silent.length === 0 && unseen.length === 0 && unfit === null ? QUIET_ROUND_MS : ROUND_MS;
    await clock.sleep(Math.max(50, startedAt + everyMs - clock.now()), signal);
  }
}

async function lookAtSsh({ shell, clock }: MonitorPorts, host: TopologyHost): Promise<SshSignal> {
  const login = await shell.login(host.managementAddress);
  const at = clock.now();
  if (login.ok) return { is: 'works', at };
  return { is: login.code === 'SSH_REFUSED' ? 'refused' : 'dead', at, detail: login.detail.slice(0, 300) };
}

/**
 * The first method that says on or off is believed. 'unreachable' only when every device is silent: a device that answers
 * with an error has power, and so has its rack.
 */
async function lookAtPower({ fence, clock }: MonitorPorts, host: TopologyHost, except: readonly string[]): Promise<PowerSignal> {
  const methods = host.fence.filter((m) => !except.includes(m.name));
  if (methods.length === 0) return { is: 'error', at: clock.now(), detail: "its fence methods are another host's" };
  // All at once: a rack without power has only silent devices, and they are not to be waited for one after the other.
  const answers = await Promise.all(
    methods.map((m) => fence.status(host.host, { ...m, timeLimitMs: Math.min(m.timeLimitMs ?? POWER_LIMIT_MS, POWER_LIMIT_MS) })),
  );
  const at = clock.now();
  const failures: string[] = [];
  let silent = true;
  for (const [i, status] of answers.entries()) {
    const { name } = methods[i] as FenceMethod;
    if (status.ok) return { is: status.value, at, detail: name };
    if (status.code !== 'FENCE_UNREACHABLE' && status.code !== 'FENCE_TIMEOUT') silent = false;
    failures.push(`${name}: ${status.code}: ${status.detail}`);
  }
  return { is: silent && failures.length > 0 ? 'unreachable' : 'error', at, detail: failures.join('; ').slice(0, 300) };
}

/** Of the first device of each method, where it is of a kind that knows. */
async function lookAtIdentity({ fence }: MonitorPorts, host: TopologyHost): Promise<IdentityResult['devices']> {
  const answers = await Promise.all(host.fence.map(async (m) => ({ m, answer: await fence.identity?.(host.host, m) })));
  return answers.flatMap(({ m, answer }) => {
    if (answer === undefined || (answer.ok && answer.value === null)) return [];
    const device = addressOf(m);
    if (answer.ok) return [{ method: m.name, device, uuid: answer.value, detail: '' }];
    return [{ method: m.name, device, uuid: null, detail: describeFailure(answer).slice(0, 500) }];
  });
}

async function restart({ shell }: MonitorPorts, host: TopologyHost, context: PerformContext): Promise<MonitorResult> {
  if (!context.valid()) return { kind: 'not-done' };
  const done = await shell.restartAgent(host.managementAddress);
  return done.ok
    ? { kind: 'restarted', succeeded: true, detail: '' }
    : { kind: 'restarted', succeeded: false, detail: describeFailure(done) };
}

/** A service disabled by somebody is planned work, whether it is up or down; not so while we empty it ourselves. */
export const computeSignal = (s: ComputeService): ComputeSignal['is'] => {
  if (s.forcedDown) return 'forced-down';
  const planned = !s.enabled && !(s.disabledReason ?? '').startsWith(DRAINING);
  return planned ? 'disabled' : s.up ? 'up' : 'down';
};
