import type { VmId } from '@lifeboat/kernel';
import { reboot } from './nova/mending.ts';
import type { Nova } from './nova/nova.ts';
import type { Prng } from './prng.ts';
import type { World } from './world.ts';

/** What goes wrong with single guests, and with what they write to. */
export const vmFaultKinds = [
  'guest-dies',
  'guest-hangs',
  'guest-io-error',
  'guests-crash',
  'storage-fails',
  'owner-restarts',
  'owner-stops-it',
  'owner-locks',
] as const;
export type VmFaultKind = (typeof vmFaultKinds)[number];

export interface Striking {
  readonly world: World;
  readonly nova: Nova;
  readonly prng: Prng;
  /** Does this after a while, unless everything is mended first. */
  readonly later: (loMs: number, hiMs: number, act: () => void) => void;
}

const runningWell = (world: World): VmId[] =>
  [...world.vms.values()].filter((v) => [...v.copies.values()].some((c) => c.state === 'running')).map((v) => v.spec.vm);

export function strikeVms({ world, nova, prng, later }: Striking, kind: VmFaultKind): void {
  const vm = prng.maybe(runningWell(world));
  const host = prng.pick([...world.hosts.keys()]);
  const how: Readonly<Record<VmFaultKind, () => void>> = {
    'guest-dies': () => vm !== undefined && world.crashVm(vm),
    'guest-hangs': () => vm !== undefined && world.ailVm(vm, 'hung'),
    'guest-io-error': () => {
      world.breakStorage([host]);
      later(2_000, 40_000, () => world.mendStorage());
    },
    'guests-crash': () => {
      for (const one of world.runningOn(host)) world.crashVm(one);
    },
    'storage-fails': () => {
      world.breakStorage([...world.hosts.keys()]);
      later(5_000, 90_000, () => world.mendStorage());
    },
    'owner-restarts': () => {
      if (vm === undefined) return;
      world.crashVm(vm);
      later(500, 8_000, () => void reboot(nova, vm, 'owner'));
    },
    // it crashed, and he takes it for done with
    'owner-stops-it': () => {
      if (vm === undefined) return;
      world.crashVm(vm);
      later(100, 400, () => void nova.ownerStops(vm));
    },
    'owner-locks': () => {
      const server = vm === undefined ? undefined : nova.server(vm);
      if (vm === undefined || server === undefined) return;
      server.locked = true;
      world.crashVm(vm);
    },
  };
  how[kind]();
}
