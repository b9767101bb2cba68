import type { FenceMethod } from '@lifeboat/contracts';
import { done, failed, type HostId, type Outcome, ok, stableId } from '@lifeboat/kernel';
import type { FenceDevice, FenceFailure, PowerState } from '@lifeboat/ports';
import type { FenceState } from './model.ts';
import type { Prng } from './prng.ts';
import type { World } from './world.ts';

const DEFAULT_LIMIT_MS = 30_000;
const LOOK_MS = 300;

/** What a machine calls itself, always the same. */
export const machineUuidOf = (host: HostId): string =>
  stableId('machine', host).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** BMCs and power strips, as seen from one place on the management network. A method's name is the device's. */
export class SimFence implements FenceDevice {
  readonly #world: World;
  readonly #observer: string;
  readonly #prng: Prng;

  constructor(world: World, options: { readonly observer: string }) {
    this.#world = world;
    this.#observer = options.observer;
    this.#prng = world.prng.fork(`fence/${options.observer}`);
  }

  status(host: HostId, method: FenceMethod): Promise<Outcome<PowerState, FenceFailure>> {
    return this.#ask(host, method, 'status', (d) => (d.lies || !this.#world.powered(d.wiredTo ?? host) ? 'off' : 'on'));
  }
  async off(host: HostId, method: FenceMethod, may: () => boolean = () => true): Promise<Outcome<undefined, FenceFailure>> {
    if (!may())
      return failed('FENCE_REFUSED', `${method.name} of ${host}: not ordered, for we do not lead any more, or it is not wanted any more`);
    const answer = await this.#ask(host, method, 'off', (d) => this.#off(d.wiredTo ?? host, d));
    return answer.ok ? done : answer;
  }
  async on(host: HostId, method: FenceMethod): Promise<Outcome<undefined, FenceFailure>> {
    const answer = await this.#ask(host, method, 'on', (d) => {
      if (!d.ignoresOrders && !d.lies) this.#world.powerOn(d.wiredTo ?? host, `${d.name} ordered by ${this.#observer}`);
    });
    return answer.ok ? done : answer;
  }

  /** BMCs know their machine; power strips do not. By no chance: whoever looks changes nothing else. */
  async identity(host: HostId, method: FenceMethod): Promise<Outcome<string | null, FenceFailure>> {
    const device = this.#world.hosts.get(host)?.fences.get(method.name);
    if (device === undefined || device.name === 'strip') return ok(null);
    await this.#world.clock.sleep(LOOK_MS);
    if (!this.#world.fenceAnswers(host, device) || this.#world.observerCut(this.#observer) !== null)
      return failed('FENCE_UNREACHABLE', `${method.name} of ${host} did not answer`);
    return ok(machineUuidOf(device.wiredTo ?? host));
  }

  #off(host: HostId, d: FenceState): void {
    if (d.ignoresOrders || d.lies) return;
    this.#world.powerOff(host, `${d.name} ordered by ${this.#observer}`);
    const { powersBackOnMs } = d;
    if (powersBackOnMs === null) return;
    const { life } = this.#world.host(host);
    this.#world.timers.after(powersBackOnMs, () => {
      if (this.#world.host(host).life === life) this.#world.powerOn(host, `${d.name} restores power by itself`);
    });
  }

  async #ask<T>(
    host: HostId,
    method: FenceMethod,
    order: 'status' | 'off' | 'on',
    act: (d: FenceState) => T,
  ): Promise<Outcome<T, FenceFailure>> {
    const { clock } = this.#world;
    const device = this.#world.hosts.get(host)?.fences.get(method.name);
    if (device === undefined) return failed('FENCE_MISCONFIGURED', `${host} has no fence device '${method.name}'`);
    const limitMs = method.timeLimitMs ?? DEFAULT_LIMIT_MS;
    if (!this.#world.fenceAnswers(host, device) || this.#world.observerCut(this.#observer) !== null) {
      const waitMs = Math.min(limitMs, 5_000);
      await clock.sleep(waitMs);
      return failed('FENCE_UNREACHABLE', `${method.name} of ${host} did not answer in ${waitMs} ms`);
    }
    const tookMs = (order === 'status' ? this.#prng.between(200, 800) : this.#prng.between(1_000, 4_000)) + device.slowMs;
    if (order !== 'status') this.#world.happened({ kind: 'fence-order', host, method: method.name, order, by: this.#observer });
    if (tookMs > limitMs) {
      // the agent was given up; the device got the order all the same
      this.#world.timers.after(tookMs, () => {
        if (!device.failing) act(device);
      });
      await clock.sleep(limitMs);
      return failed('FENCE_TIMEOUT', `${method.name} of ${host} did not end within ${limitMs} ms`);
    }
    await clock.sleep(tookMs);
    if (device.failing) return failed('FENCE_REFUSED', `${method.name} of ${host}: internal error`);
    return ok(act(device));
  }
}
