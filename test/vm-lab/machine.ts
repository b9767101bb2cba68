import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const qemuConf = [
  ...['user = "root"', 'group = "root"', 'dynamic_ownership = 0', 'remember_owner = 0', 'security_driver = "none"'],
  ...['cgroup_controllers = []', 'namespaces = []', 'stdio_handler = "file"'],
];
// Stops where a mount fails: the machine's own /etc/libvirt must not be written.
const setUp = (dir: string, more: readonly string[]) => `set -e
mount -t proc proc /proc
for d in /run /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /etc/libvirt; do mkdir -p $d; mount -t tmpfs none $d; done
mkdir -p /etc/libvirt/qemu /run/libvirt
${more.join('\n')}
cp ${dir}/libvirtd.conf ${dir}/qemu.conf /etc/libvirt/
while :; do libvirtd --listen || true; sleep 1; done`;

/** A real libvirtd and QEMU (no KVM) in a mount and PID namespace of its own, reached over loopback at an address of its own. */
export class LibvirtMachine {
  readonly uri: string;
  /** Its files; gone when it is. */
  readonly dir = mkdtempSync(join(tmpdir(), 'lifeboat-libvirt-'));
  readonly #address: string;
  #machine: ChildProcess | null = null;

  constructor(address: string) {
    this.#address = address;
    this.uri = `qemu+tcp://${address}/system`;
  }

  /** It ends by itself after `lifeSeconds`: should we be killed, it does not stay. `more`: shell lines before libvirtd starts. */
  async up(lifeSeconds: number, more: readonly string[] = []): Promise<void> {
    const conf = ['listen_tls = 0', 'listen_tcp = 1', `listen_addr = "${this.#address}"`, 'auth_tcp = "none"', 'auth_unix_rw = "none"'];
    writeFileSync(join(this.dir, 'libvirtd.conf'), conf.join('\n'));
    writeFileSync(join(this.dir, 'qemu.conf'), qemuConf.join('\n'));
    const apart = ['unshare', '--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--propagation', 'private'];
    const args = ['-s', 'KILL', String(lifeSeconds), ...apart, 'sh', '-c', setUp(this.dir, more)];
    this.#machine = spawn('timeout', args, { stdio: 'ignore', detached: true });
    await eventually('libvirtd answers', async () => (await this.virsh('list')) !== null);
  }

  async virsh(...args: string[]): Promise<string> {
    return (await run('virsh', ['-q', '-c', this.uri, ...args], { encoding: 'utf8', timeout: 30_000 })).stdout;
  }

  async start(name: string, domain: string): Promise<void> {
    const file = join(this.dir, `${name.replaceAll(' ', '-')}.xml`);
    writeFileSync(file, domain);
    await this.virsh('define', file);
    await this.virsh('start', name);
  }

  /** A command among its mounts. */
  async inside(command: readonly string[]): Promise<string> {
    return (await run('nsenter', ['-t', String(this.#pidsOf('libvirtd', '--listen')[0]), '-m', ...command], { encoding: 'utf8' })).stdout;
  }

  /** To its processes whose command line has these words. */
  signal(name: NodeJS.Signals, ...words: string[]): void {
    for (const pid of this.#pidsOf(...words)) process.kill(pid, name);
  }

  #pidsOf(...words: string[]): number[] {
    const pids = readdirSync('/proc')
      .filter((p) => /^\d+$/.test(p))
      .map(Number)
      .filter((pid) => {
        const args = ofProcess(pid, 'cmdline').split('\0');
        // a shell that was given the words as a script is not meant
        return (
          words.every((w) => args.some((a) => a.includes(w) && !a.includes('\n'))) && ancestorsOf(pid).includes(this.#machine?.pid ?? -1)
        );
      });
    if (pids.length === 0) throw new Error(`no process ${words.join(' ')} on the machine at ${this.#address}`);
    return pids;
  }

  down(): void {
    if (this.#machine?.pid !== undefined) process.kill(-this.#machine.pid, 'SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Empty for a process that is gone. */
const ofProcess = (pid: number, file: 'cmdline' | 'status'): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
};

const ancestorsOf = (pid: number): number[] => {
  const parent = Number(/^PPid:\t(\d+)$/m.exec(ofProcess(pid, 'status'))?.[1] ?? 0);
  return parent <= 1 ? [] : [parent, ...ancestorsOf(parent)];
};

/** What throws meanwhile is not so yet; should it never come true, that is told. */
export async function eventually(what: string, isSo: () => Promise<boolean> | boolean, limitMs = 30_000): Promise<void> {
  const end = performance.now() + limitMs;
  for (let last = ''; ; ) {
    try {
      if (await isSo()) return;
      last = '';
    } catch (e) {
      last = `: ${e instanceof Error ? e.message.trim() : String(e)}`;
    }
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}${last}`);
    await new Promise((r) => setTimeout(r, 100));
  }
}
