import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { eventually, LibvirtMachine } from './machine.ts';

/** Where the guest's kernel is kept from run to run. */
const IMAGE = '/var/lib/lifeboat-vm-lab';
/** A file system too small for the guests' disks. */
const SMALL = '/var/lib/libvirt/small';

export const uuidOf = (n: number) => `00000000-0000-4000-8000-0000000077${String(n).padStart(2, '0')}`;
export interface Guest {
  readonly n: number;
  /** Has a panic device: the hypervisor hears of a panic. Without one the guest only hangs. */
  readonly panicDevice?: boolean;
  /** Has a disk on storage that is smaller than it says, and is paused when a write fails. */
  readonly disk?: boolean;
}

const domain = (
  g: Guest,
) => `<domain type='qemu'><name>vm${g.n}</name><uuid>${uuidOf(g.n)}</uuid><memory unit='MiB'>96</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type><kernel>${IMAGE}/vmlinux</kernel><initrd>${IMAGE}/initrd.gz</initrd>
<cmdline>console=ttyS0 no_timer_check panic=0 unknown_nmi_panic=1</cmdline></os><features><acpi/></features><on_crash>destroy</on_crash><devices>
<serial type='file'><source path='/var/lib/libvirt/vm${g.n}.console'/></serial><emulator>/usr/bin/qemu-system-x86_64</emulator><controller type='usb' model='none'/><memballoon model='none'/>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
${g.panicDevice === true ? "<panic model='isa'/>" : ''}${
  g.disk === true
    ? `<disk type='file' device='disk'><driver name='qemu' type='raw' error_policy='stop'/><source file='${SMALL}/${g.n}.raw'/><target dev='vda' bus='virtio'/></disk>`
    : ''
}</devices></domain>`;

/**
 * A host with a real libvirtd and real guests (QEMU without KVM), in a mount and PID namespace of its own. Guests have an agent
 * that answers pings; everything that may happen to them can be done to them.
 */
export class VmLab {
  readonly #machine: LibvirtMachine;

  constructor(address: string) {
    this.#machine = new LibvirtMachine(address);
  }

  get uri(): string {
    return this.#machine.uri;
  }

  static buildGuest(): void {
    execFileSync(join(import.meta.dirname, 'guest-image.sh'), [IMAGE], { stdio: ['ignore', 'ignore', 'inherit'], timeout: 180_000 });
  }

  /** Should that fail, nothing of it stays. */
  async up(guests: readonly Guest[], lifeSeconds = 240): Promise<void> {
    try {
      await this.#up(guests, lifeSeconds);
    } catch (e) {
      this.down();
      throw e;
    }
  }

  async #up(guests: readonly Guest[], lifeSeconds: number): Promise<void> {
    VmLab.buildGuest();
    await this.#machine.up(lifeSeconds, [`mkdir -p ${SMALL}`, `mount -t tmpfs -o size=1M small ${SMALL}`]);
    for (const g of guests) {
      if (g.disk === true) await this.#machine.inside(['truncate', '-s', '8M', `${SMALL}/${g.n}.raw`]);
      await this.#machine.start(`vm${g.n}`, domain(g));
    }
    await Promise.all(guests.map((g) => this.#booted(g.n)));
  }

  /** Emulated, a kernel now and then waits for a clock that does not come: its machine is reset once. */
  async #booted(n: number): Promise<void> {
    await this.answers(n, 60_000).catch(async (e: unknown) => {
      console.log(String(e));
      await this.virsh('reset', `vm${n}`);
      await this.answers(n).catch((twice: unknown) => {
        throw new Error(`vm lab: not within two boots: ${String(twice)}`);
      });
    });
  }

  /** The guest has booted: its agent answers. */
  answers = (n: number, limitMs = 120_000): Promise<void> =>
    eventually(`the agent of vm${n} answers`, async () => (await this.agent(n, 'guest-ping')) !== '', limitMs).catch(async (e: unknown) => {
      const console = await this.#machine.inside(['tail', '-c', '1500', `/var/lib/libvirt/vm${n}.console`]).catch(String);
      throw new Error(`${String(e)}; ${await this.virsh('domstate', `vm${n}`, '--reason').catch(String)}; its console: ${console}`);
    });
  agent = (n: number, command: string): Promise<string> =>
    this.virsh('qemu-agent-command', `vm${n}`, `{"execute":"${command}"}`, '--timeout', '2');
  virsh = (...args: string[]): Promise<string> => this.#machine.virsh(...args);

  /** To the QEMU of a guest. */
  signal(name: NodeJS.Signals, n: number): void {
    this.#machine.signal(name, 'qemu-system', uuidOf(n));
  }
  /** There is room for what the guests write, from now on. */
  async mendStorage(): Promise<void> {
    await this.#machine.inside(['mount', '-o', 'remount,size=256M', SMALL]);
  }

  down(): void {
    this.#machine.down();
  }
}
