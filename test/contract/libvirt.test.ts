import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type LibvirtVms, libvirtVms } from '@lifeboat/adapters-libvirt';

// A real libvirtd with real QEMU (no KVM), in a mount and PID namespace of its own, reached over loopback.
const dir = mkdtempSync(join(tmpdir(), 'lifeboat-libvirt-'));
const uri = 'qemu+tcp://127.0.14.16/system';
const uuid = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;

const libvirtdConf = ['listen_tls = 0', 'listen_tcp = 1', 'listen_addr = "127.0.14.16"', 'auth_tcp = "none"', 'auth_unix_rw = "none"'];
const qemuConf = [
  'user = "root"',
  'group = "root"',
  'dynamic_ownership = 0',
  'remember_owner = 0',
  'security_driver = "none"',
  'cgroup_controllers = []',
  'namespaces = []',
  'stdio_handler = "file"',
];
// Stops where a mount fails: the machine's own /etc/libvirt must not be written.
const setUp = `set -e
mount -t proc proc /proc
for d in /run /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /etc/libvirt; do mkdir -p $d; mount -t tmpfs none $d; done
mkdir -p /etc/libvirt/qemu /run/libvirt
cp ${dir}/libvirtd.conf ${dir}/qemu.conf /etc/libvirt/
while :; do libvirtd --listen || true; sleep 1; done`;

const domain = (n: number) => `<domain type='qemu'><name>vm ${n}</name><uuid>${uuid(n)}</uuid><memory unit='MiB'>16</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><on_crash>destroy</on_crash>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>`;
const virsh = (...args: string[]) =>
  execFileSync('virsh', ['-q', '-c', uri, ...args], { encoding: 'utf8', timeout: 30_000, stdio: ['ignore', 'pipe', 'ignore'] });
/** Processes of this test: of the namespace below, whose command line has the words. */
const pidsOf = (...words: string[]) =>
  readdirSync('/proc')
    .filter((p) => /^\d+$/.test(p))
    .filter((p) => {
      try {
        const line = readFileSync(`/proc/${p}/cmdline`, 'utf8');
        const nested = /^NSpid:\t\d+\t\d+$/m.test(readFileSync(`/proc/${p}/status`, 'utf8'));
        return nested && words.every((w) => line.includes(w));
      } catch {
        return false;
      }
    })
    .map(Number);
const signal = (name: NodeJS.Signals, ...words: string[]) => {
  const pids = pidsOf(...words);
  assert.notEqual(pids.length, 0, `no process ${words.join(' ')}`);
  for (const pid of pids) process.kill(pid, name);
};
const LIBVIRTD = 'libvirtd\0--listen';

const eventually = async (isSo: () => Promise<boolean> | boolean, limitMs = 30_000) => {
  const end = performance.now() + limitMs;
  while (!(await isSo())) {
    assert.ok(performance.now() < end, 'never came true');
    await new Promise((r) => setTimeout(r, 50));
  }
};
const stateOf = async (source: LibvirtVms, n: number) => {
  const answer = await source.vms();
  return answer.ok ? (answer.value.find((v) => v.vm === uuid(n))?.state ?? 'gone') : answer.code;
};

let machine: ChildProcess;
before(async () => {
  writeFileSync(join(dir, 'libvirtd.conf'), libvirtdConf.join('\n'));
  writeFileSync(join(dir, 'qemu.conf'), qemuConf.join('\n'));
  // timeout: should this test be killed, its machine does not stay.
  const args = [
    '-s',
    'KILL',
    '240',
    'unshare',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child=SIGKILL',
    '--propagation',
    'private',
    'sh',
    '-c',
    setUp,
  ];
  machine = spawn('timeout', args, { stdio: 'ignore', detached: true });
  await eventually(() => {
    try {
      return virsh('list') !== null;
    } catch {
      return false;
    }
  });
  for (const n of [1, 2]) {
    writeFileSync(join(dir, `${n}.xml`), domain(n));
    virsh('define', join(dir, `${n}.xml`));
    virsh('start', `vm ${n}`);
  }
});
after(() => {
  if (machine.pid !== undefined) process.kill(-machine.pid, 'SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

for (const how of ['bridge', 'virsh'] as const)
  describe(`libvirtVms by ${how}, against a real libvirtd and QEMU`, () => {
    let source: LibvirtVms;
    let changes = 0;
    before(async () => {
      // A Python without the libvirt module, as on a host that lacks it.
      const python = join(dir, 'python-without');
      writeFileSync(python, '#!/bin/sh\nshift\nexec /usr/bin/python3 -I -S "$@"\n', { mode: 0o755 });
      source = libvirtVms({ uri, timeLimitMs: 5_000, ...(how === 'bridge' ? {} : { python }) });
      source.onChange(() => {
        changes += 1;
      });
      await eventually(async () => source.how() === how && (await stateOf(source, 1)) === 'running');
    });
    after(() => source.close());

    it('tells a VM that its owner switched off from one that crashed, and hears of it', async () => {
      await eventually(() => changes > 0);
      // virsh's listener needs a moment more than its first answer.
      await new Promise((r) => setTimeout(r, 1_000));
      const told = changes;
      virsh('destroy', 'vm 1');
      await eventually(() => changes > told);
      await eventually(async () => (await stateOf(source, 1)) === 'shut-off');
      signal('SIGKILL', 'qemu-system', uuid(2));
      await eventually(async () => (await stateOf(source, 2)) === 'crashed');
      virsh('start', 'vm 1');
      virsh('start', 'vm 2');
      await eventually(async () => (await stateOf(source, 2)) === 'running');
    });

    it('knows a paused VM, and since when', async () => {
      virsh('suspend', 'vm 1');
      await eventually(async () => (await stateOf(source, 1)) === 'paused');
      const since = async () => {
        const answer = await source.vms();
        return answer.ok ? answer.value.find((v) => v.vm === uuid(1))?.since : null;
      };
      const first = await since();
      await new Promise((r) => setTimeout(r, 60));
      assert.equal(await since(), first);
      virsh('resume', 'vm 1');
      await eventually(async () => (await stateOf(source, 1)) === 'running');
    });

    it('says that nothing can be read while libvirtd is away, and finds what happened meanwhile', async () => {
      signal('SIGKILL', LIBVIRTD);
      await eventually(async () => (await stateOf(source, 1)) === 'VMS_UNREADABLE');
      await new Promise((r) => setTimeout(r, 300));
      const told = changes;
      signal('SIGKILL', 'qemu-system', uuid(1));
      await eventually(async () => (await stateOf(source, 2)) === 'running');
      await eventually(() => changes > told);
      assert.equal(await stateOf(source, 1), 'crashed');
      virsh('start', 'vm 1');
      await eventually(async () => (await stateOf(source, 1)) === 'running');
    });

    it('keeps its limit when libvirtd hangs', async () => {
      signal('SIGSTOP', LIBVIRTD);
      const began = performance.now();
      assert.equal(await stateOf(source, 1), 'VMS_UNREADABLE');
      assert.ok(performance.now() - began < 7_000);
      signal('SIGCONT', LIBVIRTD);
      await eventually(async () => (await stateOf(source, 1)) === 'running');
    });
  });

describe('libvirtVms', () => {
  it('says why it cannot read, when there is no libvirt at all', async () => {
    const source = libvirtVms({ uri: 'qemu+tcp://127.0.14.17/system', timeLimitMs: 3_000 });
    await eventually(async () => {
      const answer = await source.vms();
      return !answer.ok && /refused/i.test(answer.detail);
    });
    source.close();
  });
  it("reads libvirt's own test driver", async () => {
    const source = libvirtVms({ uri: 'test:///default' });
    await eventually(async () => {
      const answer = await source.vms();
      return answer.ok && answer.value[0]?.state === 'running';
    });
    source.close();
  });
});
