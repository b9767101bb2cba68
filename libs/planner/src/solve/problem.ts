import type { FleetGroup } from '@lifeboat/contracts';
import type { FleetModel } from '../model/fleet-model.ts';
import type { Flavor } from '../model/vms.ts';
import type { Room } from './room.ts';

/** What must hold for every VM of an item, whatever room there is. */
export interface Wish {
  /** Of the VMs that go together. In several cells: no host can take them all, for Nova moves nothing from one cell to another. */
  readonly cells: readonly (string | undefined)[];
  readonly flavors: readonly Flavor[];
}

/** What an item asks of a host besides being in the right cluster; items of one shape are alike to a host. */
export interface Shape {
  readonly vcpus: number;
  readonly memory: number;
  readonly disk: number;
  /** By host profile: 1 where cell, zone, traits and max_unit allow it; undefined when every profile does. */
  readonly allowed: Int32Array | undefined;
  readonly wish: Wish;
}

/** The clusters of one step of a policy, and their segments. */
export interface Domain {
  readonly name: string;
  readonly clusters: readonly number[];
  readonly segments: Int32Array;
}

/** A server group of this plan: who keeps apart (hard or soft), who likes to be together (soft). */
export interface Company {
  readonly policy: FleetGroup['policy'];
  readonly limit: number;
  /** Positions of the hosts where members live, one entry per member. */
  readonly members: number[];
}

/** Why some VMs are no items: they must not move, or nothing is known about where they may go. */
export interface Refused {
  readonly vm: number;
  readonly kind: 'never' | 'no-room';
  readonly because: string;
}

export const NONE = -1;

/**
 * What to place where, as columns. An item is a VM, or all dead members of a hard affinity group together. Items are
 * in planning order: priority, then large before small, then the VM's fingerprint.
 */
export interface Problem {
  readonly model: FleetModel;
  readonly room: Room;
  readonly items: number;
  /** The item's VM; its first one, for a group. */
  readonly vm: Int32Array;
  /** The VMs of the items that are more than one: a group that goes to one host. Most urgent first. */
  readonly together: Map<number, readonly number[]>;
  readonly shape: Int32Array;
  readonly first: Int32Array;
  readonly second: Int32Array;
  /** Index into `types`; 0 is "no business type". */
  readonly type: Int32Array;
  readonly company: Int32Array;
  /** The only position allowed: a hard affinity group lives there. */
  readonly pin: Int32Array;
  readonly priority: Int32Array;
  readonly shapes: readonly Shape[];
  readonly domains: readonly Domain[];
  readonly companies: readonly Company[];
  readonly types: readonly number[];
  readonly racks: number;
  /** VMs per business type of this plan and rack, without those that are gone; row `type`, column rack. */
  readonly standing: Int32Array;
  readonly refused: readonly Refused[];
  /** The domains that are open to a VM, best first. */
  readonly choices: (row: number) => readonly number[];
  /** The shape of VMs that go to one host together. */
  readonly shapeOfAll: (rows: readonly number[]) => number;
}
