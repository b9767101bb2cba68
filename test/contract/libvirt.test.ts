import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type LibvirtVms, libvirtVms } from '@lifeboat/adapters-libvirt';
import { LibvirtMachine, eventually as so } from '../vm-lab/machine.ts';

const machine = new LibvirtMachine('127.0.14.16');
const { uri, dir } = machine;
const uuid = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
/** As Nova's libvirt driver writes it; the second VM is somebody else's. */
const byNova = (name: string) =>
  `<metadata><nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'><nova:name>${name}</nova:name><nova:flavor name='m1'/></nova:instance></metadata>`;
const domain = (
  n: number,
) => `<domain type='qemu'><name>vm ${n}</name><uuid>${uuid(n)}</uuid>${n === 1 ? byNova('web &amp; 数据 1') : ''}<memory unit='MiB'>16</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><on_crash>destroy</on_crash>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>`;
const virsh = (...args: string[]) => machine.virsh(...args);
const signal = (name: NodeJS.Signals, ...words: string[]) => machine.signal(name, ...words);
const LIBVIRTD = ['libvirtd', '--listen'];

const eventually = (isSo: () => Promise<boolean> | boolean) => so(isSo.toString(), isSo);
const stateOf = async (source: LibvirtVms, n: number) => {
  const answer = await source.vms();
  return answer.ok ? (answer.value.find((v) => v.vm === uuid(n))?.state ?? 'gone') : answer.code;
};

before(async () => {
  await machine.up(240);
  for (const n of [1, 2]) await machine.start(`vm ${n}`, domain(n));
});
after(() => machine.down());

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

    it('calls a VM what Nova says that its owner calls it, where python3-libvirt is there to ask', async () => {
      const answer = await source.vms();
      assert.ok(answer.ok);
      const names = [1, 2].map((n) => answer.value.find((v) => v.vm === uuid(n))?.name);
      assert.deepEqual(names, how === 'bridge' ? ['web & 数据 1', undefined] : [undefined, undefined]);
    });

    it('tells a VM that its owner switched off from one that crashed, and hears of it', async () => {
      await eventually(() => changes > 0);
      // virsh's listener needs a moment more than its first answer.
      await new Promise((r) => setTimeout(r, 1_000));
      const told = changes;
      await virsh('destroy', 'vm 1');
      await eventually(() => changes > told);
      await eventually(async () => (await stateOf(source, 1)) === 'shut-off');
      signal('SIGKILL', 'qemu-system', uuid(2));
      await eventually(async () => (await stateOf(source, 2)) === 'crashed');
      await virsh('start', 'vm 1');
      await virsh('start', 'vm 2');
      await eventually(async () => (await stateOf(source, 2)) === 'running');
    });

    it('knows a paused VM, and since when', async () => {
      await virsh('suspend', 'vm 1');
      await eventually(async () => (await stateOf(source, 1)) === 'paused');
      const since = async () => {
        const answer = await source.vms();
        return answer.ok ? answer.value.find((v) => v.vm === uuid(1))?.since : null;
      };
      const first = await since();
      await new Promise((r) => setTimeout(r, 60));
      assert.equal(await since(), first);
      await virsh('resume', 'vm 1');
      await eventually(async () => (await stateOf(source, 1)) === 'running');
    });

    it('says that nothing can be read while libvirtd is away, and finds what happened meanwhile', async () => {
      signal('SIGKILL', ...LIBVIRTD);
      await eventually(async () => (await stateOf(source, 1)) === 'VMS_UNREADABLE');
      await new Promise((r) => setTimeout(r, 300));
      const told = changes;
      signal('SIGKILL', 'qemu-system', uuid(1));
      await eventually(async () => (await stateOf(source, 2)) === 'running');
      await eventually(() => changes > told);
      assert.equal(await stateOf(source, 1), 'crashed');
      await virsh('start', 'vm 1');
      await eventually(async () => (await stateOf(source, 1)) === 'running');
    });

    it('keeps its limit when libvirtd hangs', async () => {
      signal('SIGSTOP', ...LIBVIRTD);
      const began = performance.now();
      assert.equal(await stateOf(source, 1), 'VMS_UNREADABLE');
      assert.ok(performance.now() - began < 7_000);
      signal('SIGCONT', ...LIBVIRTD);
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
