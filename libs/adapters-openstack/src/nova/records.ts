import { type HostId, instant, vmId } from '@lifeboat/kernel';
import type { EvacuationRecord, MigrationRecord } from '@lifeboat/ports';
import type { MigrationRow } from './schemas.ts';

/*
 * What Nova's words for where a migration stands mean. A word that we do not know is taken for 'not decided yet': then nothing
 * is done about the VM.
 */

const ended: Readonly<Record<string, EvacuationRecord['state']>> = {
  done: 'done',
  completed: 'done',
  error: 'failed',
  failed: 'failed',
  cancelled: 'failed',
};
export const recordOf = (r: MigrationRow, from: HostId, nameOf: (novaHost: string) => HostId): EvacuationRecord => ({
  id: r.uuid,
  vm: vmId(r.instance_uuid),
  from,
  to: r.dest_compute === null ? null : nameOf(r.dest_compute),
  state: ended[r.status] ?? 'running',
  status: r.status,
  createdAt: utc(r.created_at),
});

const moved: Readonly<Record<string, MigrationRecord['state']>> = {
  ...ended,
  // live: behind others of its host; being made ready at the other end. 'accepted' may still lie in a queue of messages
  queued: 'waiting',
  preparing: 'waiting',
  finished: 'arrived',
  confirming: 'arrived',
  confirmed: 'done',
  reverted: 'failed',
};
export const migrationOf = (r: MigrationRow, from: HostId, nameOf: (novaHost: string) => HostId): MigrationRecord => ({
  // a server's own migrations go by their number
  id: r.id === undefined ? r.uuid : String(r.id),
  vm: vmId(r.instance_uuid),
  from,
  to: r.dest_compute === null ? null : nameOf(r.dest_compute),
  how: r.migration_type === 'live-migration' ? 'live' : 'cold',
  state: moved[r.status] ?? 'running',
  status: r.status,
  createdAt: instant(Date.parse(utc(r.created_at))),
});

/** Nova's times are UTC without saying so. */
export const utc = (time: string): string => (/(Z|[+-]\d\d:?\d\d)$/.test(time) ? time : `${time}Z`);
