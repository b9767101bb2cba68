import type { PeerView, VmReport } from '@lifeboat/contracts';
import type { VmId } from '@lifeboat/kernel';
import { type HostDocument, saidBy } from '../state.ts';

export interface Changes {
  /** VMs that are new or differ. */
  readonly vms: readonly VmReport[];
  readonly gone: readonly VmId[];
  readonly peers: readonly PeerView[];
  /** Something that others must know. */
  readonly told: boolean;
}

const sameVm = (a: VmReport, b: VmReport) => a.state === b.state && a.reason === b.reason && a.since === b.since;
const samePeers = (a: readonly PeerView[], b: readonly PeerView[]) =>
  a.length === b.length && a.every((x, i) => x.peer === b[i]?.peer && x.production === b[i]?.production && x.at === b[i]?.at);

/** What a new entry of the same session says that the last one did not; null: nothing at all. */
export function changes(before: HostDocument, now: HostDocument): Changes | null {
  if (before.said === now.said) return before.leaving === now.leaving ? null : { vms: [], gone: [], peers: [], told: false };
  const [was, is] = [saidBy(before), saidBy(now)];
  const known = new Map(was.vms.map((v) => [v.vm, v]));
  const vms = is.vms.filter((v) => {
    const one = known.get(v.vm);
    return one === undefined || !sameVm(one, v);
  });
  const left = new Set(is.vms.map((v) => v.vm));
  const gone = was.vms.filter((v) => !left.has(v.vm)).map((v) => v.vm);
  return { vms, gone, peers: is.peers, told: vms.length > 0 || gone.length > 0 || !samePeers(was.peers, is.peers) };
}
