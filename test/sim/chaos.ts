import type { VirtualClock } from '@lifeboat/adapters-memory';
import type { EmbeddedRegion, ServiceProcess } from '@lifeboat/embedded';
import type { Instant } from '@lifeboat/kernel';
import { type FaultMix, Prng, type ServiceFault } from '@lifeboat/world';

/** What goes wrong with Lifeboat's own processes and servers: crashes and stalls between any two steps, servers away. */
export class Chaos {
  readonly mix: FaultMix;
  readonly #prng: Prng;
  readonly #away = new Set<ServiceFault>();
  #on = true;
  #restart: (p: ServiceProcess) => void = () => undefined;
  #stall: (p: ServiceProcess) => void = () => undefined;
  crashes = 0;

  constructor(seed: number, mix: FaultMix) {
    this.mix = mix;
    this.#prng = new Prng(seed).fork('chaos');
  }

  #strength(kind: ServiceFault): number {
    return this.#on ? (this.mix.strength[kind] ?? 0) : 0;
  }

  up(kind: ServiceFault): boolean {
    return !this.#away.has(kind);
  }

  readonly bus = {
    deliveryDelayMs: () => {
      const s = this.#strength('event-delay');
      return s > 0 && this.#prng.chance(0.2 * s) ? this.#prng.between(1, 5_000) : this.#prng.between(1, 20);
    },
    duplicate: () => this.#prng.chance(0.3 * this.#strength('event-duplicate')),
    answerLost: () => this.#prng.chance(0.05 * this.#strength('event-duplicate')),
  };

  begin(r: EmbeddedRegion, clock: VirtualClock, healAt: Instant): void {
    const later = (ms: number, act: () => void) => void clock.sleep(ms).then(act);
    this.#restart = (p) => {
      this.crashes += 1;
      r.world.trace.add(clock.now(), p.name, 'killed');
      p.kill();
      later(this.#prng.between(200, 8_000), () => p.start());
    };
    this.#stall = (p) => {
      const life = p.life;
      if (life === null) return;
      r.world.trace.add(clock.now(), p.name, 'stalled');
      life.stall();
      later(this.#prng.between(500, 25_000), () => life.resume());
    };
    later(healAt - clock.now(), () => {
      this.#on = false;
      this.#away.clear();
      r.registry.back();
    });
  }

  /** Called between any two steps of any process. */
  step(p: ServiceProcess): void {
    if (!this.#on) return;
    if (this.#prng.chance(0.0008 * this.#strength('service-crash'))) this.#restart(p);
    else if (this.#prng.chance(0.0005 * this.#strength('service-stall'))) this.#stall(p);
  }

  hooks(r: EmbeddedRegion, clock: VirtualClock, _healAt: Instant): Partial<Record<ServiceFault, (strength: number) => void>> {
    const away = (kind: ServiceFault) => () => {
      this.#away.add(kind);
      void clock.sleep(this.#prng.between(1_000, 60_000)).then(() => this.#away.delete(kind));
    };
    return {
      'service-crash': () => this.#restart(this.#prng.pick([...r.processes])),
      'service-stall': () => this.#stall(this.#prng.pick([...r.processes])),
      'event-duplicate': () => undefined,
      'event-delay': () => undefined,
      'session-expiry': () => {
        const p = this.#prng.pick([...r.processes]);
        if (p.life !== null) r.registry.expire(p.life.registry);
      },
      'store-away': away('store-away'),
      'bus-away': away('bus-away'),
      'registry-away': () => {
        r.registry.down();
        void clock.sleep(this.#prng.between(1_000, 30_000)).then(() => r.registry.back());
      },
    };
  }
}
