import assert from 'node:assert/strict';
import type { Resources } from '@lifeboat/contracts';
import { type HostId, hostId, type Instant, instant, type VmId, vmId } from '@lifeboat/kernel';
import type { Cloud, CloudVm, ComputeService, EvacuationRecord, MigrationRecord } from './cloud.ts';
import { taken } from './contract-tools.ts';

/** A cloud that may be hurt: what the suite needs besides the port. */
export interface CloudHarness {
  readonly cloud: Cloud;
  /** At least four hosts, up, enabled, in the fleet's topology, with room for eight VMs each. */
  readonly hosts: readonly HostId[];
  /** Boots VMs on a host and answers once they are active. Each: 1 vCPU, 512 MiB, 1 GB. */
  bootVms(count: number, host: HostId, metadata?: Readonly<Record<string, string>>): Promise<readonly VmId[]>;
  /** Deletes whatever this harness booted and waits until it is gone. */
  deleteVms(): Promise<void>;
  /** The host's compute service dies at once, with everything that ran there. */
  killCompute(host: HostId): Promise<void>;
  /** Starts it again and answers once it has reported to Nova. */
  startCompute(host: HostId): Promise<void>;
  /** The cloud's own time. */
  now(): Instant;
  /** Lets time pass: real in a lab, virtual in a simulation. */
  pass(ms: number): Promise<void>;
  /** What Placement itself says of a host, read apart from the adapter. */
  placementSays(host: HostId): Promise<{ readonly capacity: Resources; readonly used: Resources }>;
  close(): Promise<void>;
}

export const nowhere = hostId('no-such-host');
export const nobody = vmId('00000000-0000-4000-8000-000000000000');
const LONG_AGO = instant(0);
const SETTLE_MS = 90_000;

/** The questions that several tests ask, with waiting in the harness's time. */
export const asking = (h: CloudHarness) => {
  const until = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
    for (let waited = 0; ; waited += 250) {
      const seen = await look();
      if (seen !== undefined) return seen;
      assert.ok(waited < SETTLE_MS, `not within ${SETTLE_MS} ms: ${what}`);
      await h.pass(250);
    }
  };
  const service = async (host: HostId): Promise<ComputeService> => {
    const found = taken(await h.cloud.computeServices()).find((s) => s.host === host);
    assert.ok(found, `computeServices() has no ${host}`);
    return found;
  };
  const newestRecord = async (from: HostId, vm: VmId): Promise<EvacuationRecord | undefined> =>
    taken(await h.cloud.evacuationsFrom(from)).find((r) => r.vm === vm);
  const ended = (from: HostId, vm: VmId, since: string | undefined) =>
    until(`evacuation of ${vm} ends`, async () => {
      const r = await newestRecord(from, vm);
      return r !== undefined && r.id !== since && r.state !== 'running' ? r : undefined;
    });
  const settled = (vm: VmId, as: (v: CloudVm) => boolean) =>
    until(`${vm} settles`, async () => {
      const v = taken(await h.cloud.vm(vm));
      return v.task === null && as(v) ? v : undefined;
    });
  const migration = async (from: HostId, vm: VmId): Promise<MigrationRecord | undefined> =>
    taken(await h.cloud.migrationsFrom(from, LONG_AGO)).find((r) => r.vm === vm);
  const migrated = (from: HostId, vm: VmId, as: (r: MigrationRecord) => boolean) =>
    until(`the migration of ${vm} is settled`, async () => {
      const r = await migration(from, vm);
      return r !== undefined && as(r) ? r : undefined;
    });
  return { until, service, newestRecord, ended, settled, migration, migrated };
};

export interface Context {
  readonly h: CloudHarness;
  readonly ask: ReturnType<typeof asking>;
  readonly hosts: () => readonly [HostId, HostId, HostId, HostId];
}
