import { named, type VmReport } from '@lifeboat/contracts';
import { failed, type Instant, instant, type Outcome, ok, vmId } from '@lifeboat/kernel';
import type { VmSource } from '@lifeboat/ports';
import { bridge, type DomainSource, type DomainState, type GuestPings } from './bridge.ts';
import { endAll } from './end-all.ts';
import { healthOf } from './states.ts';
import { virsh } from './virsh.ts';

export interface LibvirtOptions {
  /** qemu:///system on a compute node. */
  readonly uri: string;
  /** For one question. A VM that hangs must not make the whole host look silent. */
  readonly timeLimitMs?: number;
  readonly python?: string;
  readonly virsh?: string;
  readonly guests?: Partial<GuestPings>;
  readonly now?: () => Instant;
}
/** Half a minute: longer than a guest is away that is only very busy, or stopped for a snapshot. */
const defaultPings: GuestPings = { silentAfterMs: 30_000, everyMs: 5_000 };
export interface LibvirtVms extends VmSource {
  /** 'bridge', or 'virsh' where python3-libvirt is missing. */
  how(): 'bridge' | 'virsh';
  close(): void;
}

/** The VMs that really run on this host, as libvirt sees them. Connects again by itself. */
export const libvirtVms = (options: LibvirtOptions): LibvirtVms => {
  const timeLimitMs = options.timeLimitMs ?? 5_000;
  const now = options.now ?? (() => instant(Date.now()));
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const tell of listeners) tell();
  };
  let how: 'bridge' | 'virsh' = 'bridge';
  let closed = false;
  let known: ReadonlyMap<string, VmReport> = new Map();

  const fallBack = () => {
    if (closed) return;
    how = 'virsh';
    source = virsh({ uri: options.uri, virsh: options.virsh ?? 'virsh', timeLimitMs, changed });
    changed();
  };
  let source: DomainSource = bridge({
    uri: options.uri,
    python: options.python ?? '/usr/bin/python3',
    timeLimitMs,
    guests: { ...defaultPings, ...options.guests },
    changed,
    missing: fallBack,
  });

  return {
    how: () => how,
    vms: async (): Promise<Outcome<readonly VmReport[], 'VMS_UNREADABLE'>> => {
      const listed = await source.list();
      if (!listed.ok) return failed('VMS_UNREADABLE', `${options.uri}: ${listed.why}`);
      known = new Map(listed.vms.map((d) => [d.uuid, reportOf(d, known.get(d.uuid), now())]));
      return ok([...known.values()]);
    },
    endAll: async () => {
      const listed = await source.list();
      if (!listed.ok) return failed('VMS_UNREADABLE', `${options.uri}: ${listed.why}`);
      return endAll({ uri: options.uri, virsh: options.virsh ?? 'virsh', timeLimitMs }, listed.vms);
    },
    onChange: (tell) => {
      listeners.add(tell);
      return () => void listeners.delete(tell);
    },
    close: () => {
      closed = true;
      listeners.clear();
      source.close();
    },
  };
};

/** libvirt does not tell since when; the first look that saw this state does. */
const reportOf = (d: DomainState, before: VmReport | undefined, now: Instant): VmReport => {
  const [state, reason] = healthOf(d);
  const since = before !== undefined && before.state === state && before.reason === reason ? before.since : now;
  return { vm: vmId(d.uuid), ...named(d.title ?? undefined), state, reason, since };
};
