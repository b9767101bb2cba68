import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { faultOf, isStorageLocked } from './fault.ts';

// as Nova (Zed) on a libvirt host shows it to an admin
const details = `Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/nova/compute/manager.py", line 3567, in rebuild_instance
    self._do_rebuild_instance(
  File "/usr/lib/python3/dist-packages/libvirt.py", line 1385, in createWithFlags
    raise libvirtError('virDomainCreateWithFlags() failed')
libvirt.libvirtError: internal error: process exited while connecting to monitor: qemu-system-x86_64: -blockdev {"node-name":"libvirt-1-format"}: Failed to get "write" lock
Is another process using the image [/var/lib/nova/instances/x/disk]?
`;

describe('a fault as Nova tells it', () => {
  it('of a class that is not its own says what was said, not only the name of the class', () => {
    const said = faultOf({ message: 'libvirtError', details }) ?? '';
    assert.match(said, /^libvirt\.libvirtError: internal error: .*Failed to get "write" lock Is another process using the image/);
    assert.equal(faultOf({ message: 'No valid host was found. ', details: 'Traceback ...' }), 'No valid host was found. ');
    assert.equal(faultOf({ message: 'libvirtError' }), 'libvirtError', 'without the admin role there is no more to see');
    assert.equal(faultOf(undefined), null);
  });
  it("a dead host's lock is known as what it is", () => {
    assert.equal(isStorageLocked({ message: 'libvirtError', details }), true);
    assert.equal(isStorageLocked({ message: 'Failed to get shared "write" lock' }), true);
    assert.equal(isStorageLocked({ message: 'libvirtError', details: details.replaceAll(/.*lock\n|.*image.*\n/g, '') }), false);
    assert.equal(isStorageLocked({ message: 'No valid host was found.' }), false);
    assert.equal(isStorageLocked(undefined), false);
  });
});
