import { createHash, timingSafeEqual } from 'node:crypto';
import type { User } from './settings.ts';

const WINDOW_MS = 10 * 60_000;
const MOST_WRONG = 10;
const MOST_REMEMBERED = 10_000;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** 'nobody': no credentials, or wrong ones. 'too many': so many wrong ones came from there that right ones are not looked at. */
export type Asked = Readonly<{ name: string }> | 'nobody' | 'too many';

export interface Door {
  /** There are no users: everybody may look, and nobody may order. */
  readonly isOpen: boolean;
  who(authorization: string | undefined, address: string): Asked;
}

/** Who is asking, by HTTP Basic. Every user is compared, in the same time wherever a difference is. */
export class Doorkeeper implements Door {
  readonly #users: readonly Readonly<{ name: string; digest: Buffer }>[];
  readonly #now: () => number;
  readonly #wrong = new Map<string, { since: number; times: number }>();

  constructor(users: readonly User[], now: () => number) {
    this.#users = users.map(({ name, password }) => ({ name, digest: digest(`${name}:${password}`) }));
    this.#now = now;
  }

  get isOpen(): boolean {
    return this.#users.length === 0;
  }

  who(authorization: string | undefined, address: string): Asked {
    if (authorization === undefined) return 'nobody';
    const before = this.#wrong.get(address);
    const now = this.#now();
    const lately = before !== undefined && now - before.since < WINDOW_MS ? before : { since: now, times: 0 };
    if (lately.times >= MOST_WRONG) return 'too many';
    const given = digest(/^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization)?.[1] === undefined ? '' : textOf(authorization));
    let found: string | null = null;
    for (const user of this.#users) if (timingSafeEqual(user.digest, given)) found = user.name;
    if (found !== null) return { name: found };
    if (this.#wrong.size >= MOST_REMEMBERED) this.#wrong.clear();
    this.#wrong.set(address, { since: lately.since, times: lately.times + 1 });
    return 'nobody';
  }
}

const textOf = (authorization: string): string => Buffer.from(authorization.slice('Basic '.length), 'base64').toString('utf8');
