import type { LifeboatEvent } from '@lifeboat/contracts';
import type { HostId, IncidentId, VmId } from '@lifeboat/kernel';
import { until } from './nova.ts';
import type { Stack } from './stack.ts';

export const businessTypes = ['web', 'billing-db', 'batch', 'mail'] as const;
const EVACUATED_MS = 240_000;

/** `count` VMs on a host, dealt over the business types. Names differ by host: boots go on side by side. */
export const boot = async (stack: Stack, n: number, count: number): Promise<VmId[]> => {
  const vms: VmId[] = [];
  for (const [i, type] of businessTypes.entries()) {
    const of = Math.floor((count + businessTypes.length - 1 - i) / businessTypes.length);
    if (of === 0) continue;
    const metadata = { 'lifeboat:business_type': type };
    vms.push(...(await stack.lab.boot({ count: of, host: stack.host(n), flavor: 'm1.tiny', metadata, name: `e2e-${type}-${n}` })));
  }
  return vms;
};

/** One power cut, seen through to the incident's end. Times are milliseconds since 1970, by this machine's clock. */
export interface Run {
  readonly host: HostId;
  readonly vms: readonly VmId[];
  readonly cutAt: number;
  readonly incident: IncidentId;
  readonly events: readonly LifeboatEvent[];
  readonly times: Readonly<Record<(typeof milestones)[number], number>>;
}

export const milestones = [
  'agent.lost',
  'fault.confirmed',
  'host.isolated',
  'host.shut-out',
  'first evacuation.started',
  'last evacuation.started',
  'last vm.evacuated',
  'last vm.verified',
  'incident.closed',
] as const;

/** What watching needs of a stack. */
export type Watchable = Pick<Stack, 'recorder' | 'host'> & { readonly hosts: Pick<Stack['hosts'], 'powerCut'> };

/** Cuts a host's power and watches, touching nothing. `meanwhile` is called once the incident's host is being evacuated. */
export const cutAndWatch = async (
  stack: Watchable,
  n: number,
  vms: readonly VmId[],
  meanwhile: () => Promise<void> = async () => undefined,
  limitMs = EVACUATED_MS,
): Promise<Run> => {
  const { recorder } = stack;
  const host = stack.host(n);
  const from = recorder.events.length;
  const cutAt = Date.now();
  await stack.hosts.powerCut(n);
  const confirmed = await recorder.until('lifeboat.fault.confirmed', (e) => e.time >= cutAt && e.data.hosts.includes(host), limitMs);
  const { incident } = confirmed.data;
  const mine = { incident: (e: { incident?: IncidentId }) => e.incident === incident };
  await recorder.until('lifeboat.evacuation.started', mine.incident, limitMs);
  await meanwhile();
  await recorder.until('lifeboat.incident.closed', mine.incident, limitMs);
  return { host, vms, cutAt, incident, events: recorder.events.slice(from), times: timesOf(stack, host, incident, cutAt) };
};

export const timesOf = (stack: Pick<Stack, 'recorder'>, host: HostId, incident: IncidentId, cutAt: number): Run['times'] => {
  const { events, of } = stack.recorder;
  const all = (type: LifeboatEvent['type']) => events.filter((e) => e.type === type && e.incident === incident).map((e) => e.time);
  const lost = of('lifeboat.agent.lost', (e) => e.data.host === host && e.time >= cutAt).map((e) => e.time);
  return {
    'agent.lost': Math.min(...lost),
    'fault.confirmed': Math.min(...all('lifeboat.fault.confirmed')),
    'host.isolated': Math.min(...all('lifeboat.host.isolated')),
    'host.shut-out': Math.min(...all('lifeboat.host.shut-out')),
    'first evacuation.started': Math.min(...all('lifeboat.evacuation.started')),
    'last evacuation.started': Math.max(...all('lifeboat.evacuation.started')),
    'last vm.evacuated': Math.max(...all('lifeboat.vm.evacuated')),
    'last vm.verified': Math.max(...all('lifeboat.vm.verified')),
    'incident.closed': Math.max(...all('lifeboat.incident.closed')),
  };
};

/**
 * Power on again, until the host takes VMs again: by itself at its first failure; one that keeps failing is held in quarantine, and
 * a person releases it. Milliseconds from power to released.
 */
export const powerOnAndRelease = async (stack: Stack, n: number): Promise<number> => {
  const host = stack.host(n);
  const { recorder } = stack;
  const began = Date.now();
  const quarantined = recorder.of('lifeboat.host.quarantined', (e) => e.data.host === host).length > 0;
  await stack.hosts.start(n);
  if (quarantined) {
    await recorder.until('lifeboat.agent.registered', (e) => e.data.host === host && e.time >= began, 60_000);
    const answer = await stack.console(`hosts/${host}/release`, {});
    if (answer.code >= 300) throw new Error(`release of ${host} was refused: ${answer.code} ${JSON.stringify(answer.body)}`);
  }
  await recorder
    .until('lifeboat.host.released', (e) => e.data.host === host && e.time >= began, 120_000)
    .catch((e: unknown) => {
      const since = recorder.events.filter((x) => x.time >= began).map((x) => `${x.type.replace('lifeboat.', '')} of ${x.source}`);
      throw new Error(`${String(e)} of ${host}; told since its power is back: ${since.slice(-15).join(', ')}`);
    });
  const took = Date.now() - began;
  // the first heartbeat of the returned compute may still be to come
  await until(`${host} is up`, 60_000, async () => {
    const s = await stack.nova.serviceOf(host);
    return s.state === 'up' && s.status === 'enabled' && !s.forced_down;
  });
  return took;
};

export interface Afterwards {
  /** Evacuated VMs that are not ACTIVE without a task on another host. */
  readonly forgotten: readonly string[];
  /** VMs that Nova was made to evacuate more than once without a failure in between, or has twice in its books. */
  readonly twice: readonly string[];
}

/** What Nova itself says when it is over. */
export const lookAfterwards = async (stack: Stack, run: Run): Promise<Afterwards> => {
  const servers = new Map((await stack.lab.listServers('e2e')).map((s) => [s.vm, s]));
  const records = (await stack.nova.evacuationsFrom(run.host)).filter((m) => Date.parse(`${m.created_at}Z`) >= run.cutAt - 1_000);
  const forgotten = run.vms.flatMap((vm) => {
    const s = servers.get(vm);
    const well = s !== undefined && s.status === 'ACTIVE' && s.task === null && s.host !== null && s.host !== run.host;
    return well ? [] : [`${vm}: ${s === undefined ? 'gone' : `${s.status} on ${s.host}, task ${s.task}`}`];
  });
  const twice = run.vms.flatMap((vm) => {
    const of = records.filter((m) => m.instance_uuid === vm && m.status !== 'error' && m.status !== 'failed');
    return of.length > 1 ? [`${vm}: ${of.map((m) => m.status).join(', ')}`] : [];
  });
  return { forgotten, twice };
};
