import type { PeerView, VmReport } from '@lifeboat/contracts';
import type { VmId } from '@lifeboat/kernel';
import type { HostDocument } from '../state.ts';

export interface Changes {
  /** VMs that are new or differ. */
  readonly vms: readonly VmReport[];
  readonly gone: readonly VmId[];
  /** Something that others must know. */
  readonly told: boolean;
  /** Something that we must remember. */
  readonly stored: boolean;
}

const sameVm = (a: VmReport, b: VmReport) => a.state === b.state && a.reason === b.reason && a.since === b.since;
const samePeers = (a: readonly PeerView[], b: readonly PeerView[]) =>
  a.length === b.length && a.every((x, i) => x.peer === b[i]?.peer && x.production === b[i]?.production && x.at === b[i]?.at);

/** What a new entry of the same session says that the last one did not. */
export function changes(before: HostDocument, now: HostDocument): Changes {
  const known = new Map(before.vms.map((v) => [v.vm, v]));
  const vms = now.vms.filter((v) => {
    const was = known.get(v.vm);
    return was === undefined || !sameVm(was, v);
  });
  const left = new Set(now.vms.map((v) => v.vm));
  const gone = before.vms.filter((v) => !left.has(v.vm)).map((v) => v.vm);
  const told = vms.length > 0 || gone.length > 0 || !samePeers(before.peers, now.peers);
  return { vms, gone, told, stored: told || before.leaving !== now.leaving || before.missing || before.bootId !== now.bootId };
}
