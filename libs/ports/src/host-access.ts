import type { FenceMethod, VmReport } from '@lifeboat/contracts';
import type { HostId, Outcome } from '@lifeboat/kernel';

export type FenceFailure = 'FENCE_UNREACHABLE' | 'FENCE_REFUSED' | 'FENCE_TIMEOUT' | 'FENCE_MISCONFIGURED';
export type PowerState = 'on' | 'off';

/** A host's fence device. An answer that is not clearly on or off is a failure, never a success. */
export interface FenceDevice {
  status(host: HostId, method: FenceMethod): Promise<Outcome<PowerState, FenceFailure>>;
  /**
   * Orders power off. ok = the device says it obeyed; only a later `status` proves it. `may` is asked last of all, right
   * before the device is: whoever was paused on the way there, and leads no more, orders nothing.
   */
  off(host: HostId, method: FenceMethod, may?: () => boolean): Promise<Outcome<undefined, FenceFailure>>;
  on(host: HostId, method: FenceMethod): Promise<Outcome<undefined, FenceFailure>>;
  /** The UUID of the machine that this device switches, by the device itself; null: such a device does not know (a power strip). */
  identity?(host: HostId, method: FenceMethod): Promise<Outcome<string | null, FenceFailure>>;
}

export interface Reach {
  readonly alive: boolean;
  readonly detail: string;
}
/** Looks at hosts over one network. Many addresses in one call; every call ends within its time limit. */
export interface Prober {
  /** ICMP to all, then TCP to those silent; alive = any of them answered. */
  reach(addresses: readonly string[], timeLimitMs: number): Promise<ReadonlyMap<string, Reach>>;
  /** Is this observer itself fit to judge (links, gateway, neighbour table)? A text says why not. */
  unfitBecause(): Promise<string | null>;
}

export interface RemoteShell {
  /** Logs in and runs nothing. */
  login(address: string): Promise<Outcome<undefined, 'SSH_UNREACHABLE' | 'SSH_REFUSED'>>;
  restartAgent(address: string): Promise<Outcome<undefined, 'SSH_UNREACHABLE' | 'SSH_REFUSED' | 'COMMAND_FAILED'>>;
}

/** Hosts that say, from their crash kernel, that they write a dump of their memory. Returns how to stop. */
export interface DumpReports {
  listen(heard: (managementAddress: string) => void): () => void;
}

/** Where an agent learns which VMs its host really runs. */
export interface VmSource {
  vms(): Promise<Outcome<readonly VmReport[], 'VMS_UNREADABLE'>>;
  /** Calls back when something changed, where the source can tell; the agent asks anew then. Returns how to stop. */
  onChange(changed: () => void): () => void;
  /** Ends every VM of this host at once, as a power cut would; how many. Only where the source can: for an agent that is all alone. */
  endAll?(): Promise<Outcome<number, 'VMS_UNREADABLE'>>;
}
