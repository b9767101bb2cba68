import type { HostId } from '@lifeboat/kernel';
import { Clean } from 'typebox/value';
import { checkAgainst } from './envelope.ts';
import { type Registration, RegistrationSchema } from './model/evidence.ts';

export type RegistrationRead = { ok: true; registration: Registration } | { ok: false; reason: string };

/**
 * What an agent has written into the registry under a host's name. An agent of a later version may say more than we know:
 * that is dropped. Anything else that does not fit is told with its field.
 */
export function readRegistration(host: string, raw: string): RegistrationRead {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch (e) {
    return { ok: false, reason: `not JSON: ${(e as Error).message}` };
  }
  const strict = checkAgainst(RegistrationSchema, value);
  const read = strict.ok ? strict : checkAgainst(RegistrationSchema, Clean(RegistrationSchema, value));
  if (!read.ok) return { ok: false, reason: read.problem };
  if (read.value.host !== (host as HostId)) return { ok: false, reason: `host: '${read.value.host}' registered under the name '${host}'` };
  return { ok: true, registration: read.value };
}
