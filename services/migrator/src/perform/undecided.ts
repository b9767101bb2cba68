import { type HostId, instant, type Outcome, ok } from '@lifeboat/kernel';
import type { Clock, Cloud, CloudFailure, CloudVm, MigrationRecord } from '@lifeboat/ports';
import { lostRecord } from '../move.ts';

/**
 * A migration that nobody leads any more stays 'running' in Nova's records for ever. Of one under way something changes all
 * the time; one that has not changed for so long, of a VM that Nova is not at work on, is such a remainder.
 */
export const UNDECIDED_MS = 3_600_000;
/** A look this recent need not be repeated for the next VM of the same host. */
const FRESH_MS = 3_000;

type Answer = Outcome<readonly MigrationRecord[], CloudFailure>;

/** Migrations away from a host that has failed since: until they are decided, a guest of theirs may run at either end. */
export class UndecidedLooks {
  readonly #cloud: Pick<Cloud, 'migrationsFrom'>;
  readonly #clock: Clock;
  readonly #looks = new Map<HostId, { until: number; answer: Promise<Answer> }>();

  constructor(cloud: Pick<Cloud, 'migrationsFrom'>, clock: Clock) {
    this.#cloud = cloud;
    this.#clock = clock;
  }

  /** Why this VM of a failed host must not be evacuated yet; null: no migration of it is undecided. */
  async whyNot(host: HostId, vm: CloudVm, ended: readonly string[]): Promise<Outcome<string | null, CloudFailure>> {
    if (vm.task !== null && /^(migrating|resize_)/.test(vm.task))
      return ok(`Nova is migrating it (${vm.task}): where its guest runs is not decided`);
    const records = await this.#from(host);
    if (!records.ok) return records;
    const open = records.value.find(
      (r) => r.vm === vm.vm && (r.state === 'running' || r.state === 'waiting') && !ended.includes(lostRecord(r.id)),
    );
    return ok(open === undefined ? null : `its migration ${open.id} to ${open.to ?? 'another host'} is not decided (${open.status})`);
  }

  #from(host: HostId): Promise<Answer> {
    const now = this.#clock.monotonic();
    const last = this.#looks.get(host);
    if (last !== undefined && now < last.until) return last.answer;
    const answer = this.#cloud.migrationsFrom(host, instant(Math.max(0, this.#clock.now() - UNDECIDED_MS)));
    this.#looks.set(host, { until: now + FRESH_MS, answer });
    return answer.then((a) => {
      if (!a.ok) this.#looks.delete(host);
      return a;
    });
  }
}
