import type { HostId } from '@lifeboat/kernel';
import type { MigratorPorts } from './world.ts';

/** A look at a host's power this recent need not be repeated for the next VM of the same host. */
const FRESH_MS = 2_000;

/** Is a host that was proven dead still off? Asked before every evacuation; VMs of one host share an answer. */
export class PowerCheck {
  readonly #ports: MigratorPorts;
  readonly #looks = new Map<HostId, { at: number; answer: Promise<string | null> }>();

  constructor(ports: MigratorPorts) {
    this.#ports = ports;
  }

  /**
   * Resolves to what contradicts the proof (a fence device that says on), or null. A device that does not answer
   * contradicts nothing: what was proven stays proven.
   */
  contradiction(host: HostId): Promise<string | null> {
    const now = this.#ports.clock.monotonic();
    const last = this.#looks.get(host);
    if (last !== undefined && now - last.at < FRESH_MS) return last.answer;
    const answer = this.#look(host);
    this.#looks.set(host, { at: now, answer });
    return answer;
  }

  async #look(host: HostId): Promise<string | null> {
    const methods = this.#ports.topology().hosts.find((h) => h.host === host)?.fence ?? [];
    for (const method of methods) {
      const status = await this.#ports.fence.status(host, method);
      if (!status.ok) continue;
      return status.value === 'on' ? `fence method ${method.name} now says that ${host} is on` : null;
    }
    return null;
  }
}
