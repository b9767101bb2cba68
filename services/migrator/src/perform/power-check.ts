import type { ProofOfDeath } from '@lifeboat/contracts';
import type { HostId } from '@lifeboat/kernel';
import type { MigratorPorts } from './world.ts';

/** A look at a host's power this recent need not be repeated for the next VM of the same host. */
const FRESH_MS = 5_000;
/** Devices that did not answer are not waited for again so soon: a rack without power has only such. */
const SILENT_FRESH_MS = 20_000;
const LIMIT_MS = 3_000;

interface Look {
  readonly contradiction: string | null;
  readonly answered: boolean;
}

/** Is a host that was proven dead still off? Asked before every evacuation; VMs of one host share an answer. */
export class PowerCheck {
  readonly #ports: MigratorPorts;
  readonly #looks = new Map<HostId, { until: number; look: Promise<Look> }>();

  constructor(ports: MigratorPorts) {
    this.#ports = ports;
  }

  /** The proof itself is a look at the power. */
  sawOff(host: HostId): void {
    const look = Promise.resolve({ contradiction: null, answered: true });
    this.#looks.set(host, { until: this.#ports.clock.monotonic() + FRESH_MS, look });
  }

  /**
   * Resolves to what contradicts the proof (a fence device that says on), or null. A device that does not answer
   * contradicts nothing: what was proven stays proven.
   */
  async contradiction(proof: ProofOfDeath): Promise<string | null> {
    const { host } = proof;
    const now = this.#ports.clock.monotonic();
    const last = this.#looks.get(host);
    if (last !== undefined && now < last.until) return (await last.look).contradiction;
    const entry = { until: now + LIMIT_MS + FRESH_MS, look: this.#look(proof) };
    this.#looks.set(host, entry);
    const look = await entry.look;
    entry.until = this.#ports.clock.monotonic() + (look.answered ? FRESH_MS : SILENT_FRESH_MS);
    return look.contradiction;
  }

  /** The device that proved it is asked: a power strip's outlet stays on when the machine behind it was switched off. */
  async #look({ host, method }: ProofOfDeath): Promise<Look> {
    const all = this.#ports.topology().hosts.find((h) => h.host === host)?.fence ?? [];
    const asked = all.find((m) => m.name === method) ?? all[0];
    if (asked === undefined) return { contradiction: null, answered: false };
    const status = await this.#ports.fence.status(host, { ...asked, timeLimitMs: LIMIT_MS });
    if (!status.ok) return { contradiction: null, answered: false };
    return { contradiction: status.value === 'on' ? `fence method ${asked.name} now says that ${host} is on` : null, answered: true };
  }
}
