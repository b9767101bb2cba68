import type { Outcome } from '@lifeboat/kernel';
import { describeFailure } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';
import type { Surroundings } from './options.ts';

/** A call that nobody has made again since is no trouble of now. */
const TOLD_FOR_MS = 10 * 60_000;
/** These tell of what was asked for; the API itself is well. */
const answers: ReadonlySet<CloudFailure> = new Set(['CLOUD_NOT_FOUND', 'CLOUD_CONFLICT', 'CLOUD_HOST_STILL_UP']);

/** What cannot be read of OpenStack, for as long as that is so: the last failure of each kind of call. */
export class Troubles {
  readonly #clock: Surroundings['clock'];
  readonly #of = new Map<string, { readonly what: string; readonly at: number }>();

  constructor(clock: Surroundings['clock']) {
    this.#clock = clock;
  }

  saw(call: string, outcome: Outcome<unknown, CloudFailure>): void {
    if (outcome.ok || answers.has(outcome.code)) this.#of.delete(call);
    else this.#of.set(call, { what: `OpenStack, ${call}: ${describeFailure(outcome)}`, at: this.#clock.monotonic() });
  }

  now(): readonly string[] {
    const since = this.#clock.monotonic() - TOLD_FOR_MS;
    return [...this.#of.values()].filter((t) => t.at >= since).map((t) => t.what);
  }
}
