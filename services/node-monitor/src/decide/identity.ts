import type { Decision } from '@lifeboat/kernel';
import { after, type HostId, type Instant, type Table } from '@lifeboat/kernel';
import { order, tell } from '@lifeboat/runtime/shell/service';
import type { MonitorSettings, WatchedHost } from '../settings.ts';
import type { CheckedDevice, Identity, MonitorState } from '../state.ts';
import { lookAtIdentity, type MonitorOutput, type MonitorResult } from './effects.ts';
import { machineOf } from './machine-uuid.ts';

type Step = Decision<MonitorState, MonitorOutput>;
type Devices = Extract<MonitorResult, { kind: 'identity' }>['devices'];

const NOTHING: Identity = { machine: null, checkedAt: null, devices: {} };
const identityOf = (s: MonitorState, host: HostId): Identity => s.identities.get(host) ?? NOTHING;

/** The agent says which machine this is. Whose machine its BMC switches is asked once for that, and not again soon. */
export function machineRegistered(
  s: MonitorState,
  settings: MonitorSettings,
  host: WatchedHost,
  uuid: string | undefined,
  at: Instant,
): Step {
  const before = identityOf(s, host.host);
  const machine = uuid === undefined ? null : machineOf(uuid);
  const isFresh = before.checkedAt !== null && at - before.checkedAt < settings.identity.againMs && before.machine === machine;
  if (!host.fenced || isFresh) return { state: s, outputs: [] };
  const known = named(s, host.host, before.machine, machine);
  const state = {
    ...known,
    identities: known.identities.set(host.host, { ...before, machine }),
    identitiesDue: known.identitiesDue.set(host.host, at),
  };
  // Devices that were found to switch this very machine, before anybody knew whose it is.
  return judgeAll(state, settings, machine === null ? [] : (state.devicesOf.get(machine) ?? []), at);
}

/** A few in each round: a region that starts anew must not be a storm of logins at its BMCs. */
export function lookAtIdentities(s: MonitorState, settings: MonitorSettings, at: Instant): Step {
  let { identitiesDue } = s;
  const outputs: MonitorOutput[] = [];
  for (const [host, dueAt] of s.identitiesDue.entries()) {
    if (outputs.length >= settings.identity.atOnce) break;
    if (dueAt > at) continue;
    identitiesDue = settings.hosts.has(host as HostId)
      ? identitiesDue.set(host, after(at, settings.identity.retryMs))
      : identitiesDue.delete(host);
    if (settings.hosts.has(host as HostId)) outputs.push(order(lookAtIdentity(host as HostId)));
  }
  return { state: identitiesDue === s.identitiesDue ? s : { ...s, identitiesDue }, outputs };
}

export function identitySeen(s: MonitorState, settings: MonitorSettings, host: WatchedHost, devices: Devices, at: Instant): Step {
  const before = identityOf(s, host.host);
  let { devicesOf } = s;
  const seen: Record<string, CheckedDevice> = {};
  for (const d of Object.values(before.devices)) devicesOf = without(devicesOf, d.machine, host.host);
  for (const { method, device, uuid, detail } of devices) {
    const machine = uuid === null ? null : machineOf(uuid);
    const known = before.devices[method];
    // One that is silent now is still the device that it was.
    const still = uuid === null && known?.device === device ? known.machine : machine;
    seen[method] = { device, detail, machine: still, isAnothers: false, told: known?.told ?? null };
    devicesOf = withHost(devicesOf, seen[method].machine, host.host);
  }
  const isDone = devices.every((d) => d.uuid !== null);
  const identities = s.identities.set(host.host, { ...before, checkedAt: at, devices: seen });
  const identitiesDue = isDone ? s.identitiesDue.delete(host.host) : s.identitiesDue;
  return judgeAll({ ...s, devicesOf, identities, identitiesDue }, settings, [host.host], at);
}

/** The methods of a host that switch another host's machine: what they say of its power is about somebody else. */
export const strangersOf = (s: MonitorState, host: HostId): readonly string[] =>
  Object.entries(identityOf(s, host).devices).flatMap(([method, d]) => (d.isAnothers ? [method] : []));

function judgeAll(s: MonitorState, settings: MonitorSettings, hosts: readonly HostId[], at: Instant): Step {
  let { identities } = s;
  const outputs: MonitorOutput[] = [];
  for (const host of hosts) {
    const identity = identities.get(host);
    if (identity === undefined || !settings.hosts.has(host)) continue;
    const devices: Record<string, CheckedDevice> = {};
    for (const [method, d] of Object.entries(identity.devices)) {
      const found = judge(s, host, identity, d);
      const said = found.is === 'own' ? null : `${found.is} ${found.other ?? ''} ${d.device}`;
      devices[method] = { ...d, isAnothers: found.is === 'of-another', told: said };
      // That all is well is told only to those who have heard otherwise.
      if (said === d.told) continue;
      outputs.push(tell({ type: 'lifeboat.fence.checked', data: { host, method, device: d.device, ...found, at } }));
    }
    identities = identities.set(host, { ...identity, devices });
  }
  return { state: { ...s, identities }, outputs };
}

interface Found {
  readonly is: 'own' | 'of-another' | 'unknown';
  readonly other?: HostId;
  readonly detail: string;
}
/** Only a UUID that exactly one other host calls its own says that a device is a stranger's: makers write UUIDs in their own ways. */
function judge(s: MonitorState, host: HostId, { machine }: Identity, d: CheckedDevice): Found {
  if (d.machine === null) return { is: 'unknown', detail: d.detail || 'the device tells no UUID that names a machine' };
  const owners = s.machines.get(d.machine) ?? [];
  const [owner] = owners;
  if (owners.length > 1) return { is: 'unknown', detail: `the agents of ${owners.join(', ')} tell the same machine UUID`.slice(0, 500) };
  if (owner === host) return { is: 'own', detail: 'its UUID is that of the host' };
  if (owner !== undefined) return { is: 'of-another', other: owner, detail: `its UUID is that of ${owner}` };
  if (machine === null) return { is: 'unknown', detail: 'the agent of the host tells no UUID of its machine' };
  return { is: 'unknown', detail: 'its UUID is not that of the host, nor of any other: they may be written in different ways' };
}

/** `host` calls itself another machine than before. */
function named(s: MonitorState, host: HostId, before: string | null, now: string | null): MonitorState {
  return before === now ? s : { ...s, machines: withHost(without(s.machines, before, host), now, host) };
}
type Index = Table<readonly HostId[]>;
function withHost(t: Index, machine: string | null, host: HostId): Index {
  if (machine === null) return t;
  const there = t.get(machine) ?? [];
  return there.includes(host) ? t : t.set(machine, [...there, host]);
}
function without(t: Index, machine: string | null, host: HostId): Index {
  if (machine === null) return t;
  const left = (t.get(machine) ?? []).filter((h) => h !== host);
  return left.length === 0 ? t.delete(machine) : t.set(machine, left);
}
