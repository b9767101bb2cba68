import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type LibvirtVms, libvirtVms } from '@lifeboat/adapters-libvirt';
import { uuidOf, VmLab } from '../vm-lab/lab.ts';
import { eventually } from '../vm-lab/machine.ts';

const lab = new VmLab('127.0.14.18');
let source: LibvirtVms;
/** As the source of a real agent tells it: state, and the hypervisor's word for it. */
const told = async (n: number): Promise<string> => {
  const vms = await source.vms();
  if (!vms.ok) return vms.code;
  const vm = vms.value.find((v) => v.vm === uuidOf(n));
  return vm === undefined ? 'gone' : `${vm.state} (${vm.reason})`;
};
const is = (n: number, what: string, limitMs = 30_000) =>
  eventually(`vm${n} is ${what}`, async () => (await told(n)) === what, limitMs).catch(async (e: unknown) => {
    throw new Error(`${String(e)}; it is ${await told(n)}`);
  });

describe('the health of VMs, by real guests under a real libvirt', () => {
  before(async () => {
    await lab.up([{ n: 1, panicDevice: true, disk: true }, { n: 2 }, { n: 3 }]);
    source = libvirtVms({ uri: lab.uri, guests: { silentAfterMs: 4_000, everyMs: 500 } });
    for (const n of [1, 2, 3]) await is(n, 'running (running)');
  });
  after(() => {
    source?.close();
    lab.down();
  });

  it('a guest whose agent leaves says nothing of its health: it is not hung', async () => {
    await lab.agent(3, 'guest-leave');
    await new Promise((r) => setTimeout(r, 6_000));
    assert.equal(await told(3), 'running (running)');
  });
  it('a kernel that panics without a panic device: hung', async () => {
    await lab.virsh('inject-nmi', 'vm2');
    await is(2, 'hung (guest agent silent)');
  });
  it('its disk is full: paused by an I/O error; there is room again, and it goes on where it was', async () => {
    await lab.agent(1, 'guest-fill');
    await is(1, 'io-error (I/O error)');
    await lab.virsh('resume', 'vm1');
    await is(1, 'io-error (I/O error)');
    await lab.mendStorage();
    // as Nova does it: its pause of a VM that is paused already changes nothing, its unpause resumes
    await lab.virsh('suspend', 'vm1');
    assert.equal(await told(1), 'io-error (I/O error)');
    await lab.virsh('resume', 'vm1');
    await is(1, 'running (running)');
    await lab.answers(1);
  });
  it('a kernel that panics with a panic device: crashed', async () => {
    await lab.virsh('inject-nmi', 'vm1');
    await is(1, 'crashed (crashed)');
  });
  it('QEMU that is stopped: hung, while libvirt still calls it running; and well again when it goes on', async () => {
    await lab.virsh('reset', 'vm3');
    await lab.answers(3);
    await is(3, 'running (running)');
    lab.signal('SIGSTOP', 3);
    await is(3, 'hung (guest agent silent)');
    lab.signal('SIGCONT', 3);
    await is(3, 'running (running)');
  });
  it("its owner's shutdown, by its agent: shut off, no fault", async () => {
    await lab.virsh('shutdown', 'vm3', '--mode', 'agent');
    await is(3, 'shut-off (shutdown)');
  });
  it('QEMU that dies of a signal: crashed', async () => {
    lab.signal('SIGSEGV', 2);
    await is(2, 'crashed (crashed)');
  });
});
