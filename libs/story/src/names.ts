import type { LifeboatEvent } from '@lifeboat/contracts';
import type { VmId } from '@lifeboat/kernel';

/** What their owners call them, as far as events have said so. */
export type VmNames = ReadonlyMap<VmId, string>;
export const noNames: VmNames = new Map();

const MOST_OF_NAME = 60;

/** Names are their owners' words: never more than one short line of them. */
export function shortName(name: string | undefined): string {
  const line = [...(name ?? '').replace(/[\p{C}\p{Z}]+/gu, ' ').trim()];
  return line.length > MOST_OF_NAME ? `${line.slice(0, MOST_OF_NAME).join('')}…` : line.join('');
}

/** `web-1 (0d3c…)`: the name to know it by, the id to act on it. */
export function vmCalled(vm: VmId, name: string | undefined): string {
  const short = shortName(name);
  return short === '' ? vm : `${short} (${vm})`;
}

/** Where there is room for little, as in a subject: its name, or its id where nobody has said its name. */
export const vmInShort = (vm: VmId, name: string | undefined): string => shortName(name) || vm;

/** Whatever in an event has both a VM's id and its name. */
export function namesIn(e: LifeboatEvent, names: Map<VmId, string>): void {
  const look = (x: unknown): void => {
    if (Array.isArray(x)) for (const y of x) look(y);
    else if (typeof x === 'object' && x !== null) {
      const { vm, name } = x as { vm?: unknown; name?: unknown };
      if (typeof vm === 'string' && typeof name === 'string' && name !== '') names.set(vm as VmId, name);
      for (const y of Object.values(x)) if (typeof y === 'object') look(y);
    }
  };
  look(e.data);
}
