import { maskAll } from '@lifeboat/answers';
import type { NotifierInput } from './effects.ts';

const SECRETS = new Set(['code', 'key', 'link', 'html', 'text', 'subject', 'to', 'from']);

/** What may be shown of an input that no decision could be made on: neither a code nor a number, an address or a link. */
export const concealed = (input: NotifierInput): unknown => hide(input);

const hide = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(hide);
  if (typeof value === 'string') return maskAll(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([k, v]) => [k, SECRETS.has(k) && typeof v === 'string' ? `(${v.length} characters)` : hide(v)]),
  );
};
