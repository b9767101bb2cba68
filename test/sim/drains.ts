import type { LifeboatEvent } from '@lifeboat/contracts';
import type { HostId } from '@lifeboat/kernel';
import { Prng } from '@lifeboat/world';
import type { Stage } from './simulate.ts';

/** The seeds in which somebody drains hosts; regressions have others. */
export const drains = (seed: number): boolean => seed % 12 === 6 || seed % 12 === 11;
const LOOK_MS = 5_000;
const by = 'li.wei';

/** An operator with planned work: drains a host now and then, thinks better of it at times, and gives hosts back afterwards. */
export class Drainers {
  readonly #s: Stage;
  readonly #told: { readonly events: readonly LifeboatEvent[] };
  readonly #prng: Prng;

  constructor(stage: Stage, told: { readonly events: readonly LifeboatEvent[] }, seed: number) {
    this.#s = stage;
    this.#told = told;
    this.#prng = new Prng(seed).fork('drains');
  }

  async live(until: () => boolean): Promise<void> {
    const { clock } = this.#s.world;
    for (let n = this.#prng.between(2, 5); n > 0; n--) this.#s.at(this.#prng.between(5, 130) * 1_000, () => this.#drain());
    while (!until()) {
      await clock.sleep(LOOK_MS);
      if (!until()) this.#giveBack();
    }
  }

  #drain(): void {
    const { world } = this.#s;
    const host = this.#prng.pick([...world.hosts.keys()]);
    const [cold, disable] = [this.#prng.chance(0.5), this.#prng.chance(0.8)];
    const some = this.#prng.chance(0.2) ? world.runningOn(host).slice(0, 1) : [];
    this.#s.order({
      type: 'lifeboat.drain.chosen',
      data: { host, ...(some.length === 0 ? {} : { vms: some }), cold, disable, by, at: world.now() },
    });
    if (this.#prng.chance(0.3))
      this.#s.at(this.#prng.between(1, 25) * 1_000, () =>
        this.#s.order({ type: 'lifeboat.drain.halted', data: { host, by, at: world.now() } }),
      );
  }

  /** What a drain left disabled, some time after its end; asked for again until it is so. */
  #giveBack(): void {
    const { world, nova } = this.#s;
    const kept = new Set<HostId>();
    for (const e of this.#told.events) {
      if (e.type === 'lifeboat.drain.closed' && world.now() - e.time > 30_000) kept.add(e.data.host);
      if (e.type === 'lifeboat.host.released' || e.type === 'lifeboat.drain.opened') kept.delete(e.data.host);
    }
    for (const host of kept)
      if (nova.service(host)?.enabled === false && world.onManagement(host) && this.#prng.chance(0.3))
        this.#s.order({ type: 'lifeboat.release.approved', data: { host, by, at: world.now() } });
  }
}
