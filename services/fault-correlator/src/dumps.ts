import type { Instant } from '@lifeboat/kernel';
import type { Suspect } from './confirmed.ts';
import { type CorrelatorState, viewOf } from './state.ts';

/** Why a host that has failed is not powered off yet; `said`: people are told. null: it may be. */
export type DumpWait = Readonly<{ said: boolean; why: string }> | null;

/**
 * Power off in the middle of a crash dump destroys the only word on why the host crashed. Where its cluster has kdump, a host is
 * given the time that its crash kernel takes to speak; and one that has spoken, until it is silent again. Neither for ever. A
 * dump is no proof of death and no cause to evacuate: anybody can send such a message.
 */
export function dumpAwaited(s: CorrelatorState, { place, seen, host, standing }: Suspect, now: Instant): DumpWait {
  const { kdump } = place;
  if (kdump === undefined || seen.power === 'off' || seen.agent !== 'lost') return null;
  const since = viewOf(s, host).dumpingSince;
  if (since === undefined) {
    const why = `its crash kernel may be about to speak, for ${kdump.waitMs / 1000} s at most`;
    return now - standing.since < kdump.waitMs ? { said: false, why } : null;
  }
  if (!seen.dumping || now - since >= kdump.dumpMs) return null;
  return { said: true, why: `it writes a crash dump: it is powered off when that has ended, or after ${kdump.dumpMs / 1000} s` };
}
