import { type Decision, type HostId, type Instant, stableId, stay } from '@lifeboat/kernel';
import type { Output } from '@lifeboat/runtime';
import { tell } from '@lifeboat/runtime/shell/service';
import type { WatcherState } from '../state.ts';
import type { Unreadable } from './entries.ts';

const RAW_LIMIT = 65_536;

/** An entry that cannot be read is dead-lettered once for each content. */
export function complainOnce(s: WatcherState, host: HostId, entry: Unreadable, at: Instant): Decision<WatcherState, Output<never>> {
  const content = stableId(entry.raw, entry.reason);
  if (s.complaints.get(host) === content) return stay(s);
  const data = {
    by: 'agent-watcher',
    from: `registry/${host}`,
    reason: entry.reason.slice(0, 1000),
    headers: {},
    raw: entry.raw.slice(0, RAW_LIMIT),
    at,
  } as const;
  return { state: { ...s, complaints: s.complaints.set(host, content) }, outputs: [tell({ type: 'lifeboat.event.rejected', data })] };
}
