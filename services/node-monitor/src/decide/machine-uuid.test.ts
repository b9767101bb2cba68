import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { machineOf } from './machine-uuid.ts';

const UUID = '4c4c4544-0046-3510-8052-b4c04f4e4d32';

describe('the UUID of a machine', () => {
  for (const [how, other] of [
    ['in capitals', UUID.toUpperCase()],
    ['without hyphens', UUID.replaceAll('-', '')],
    ['with its first three fields the other way round (SMBIOS)', '44454c4c-4600-1035-8052-b4c04f4e4d32'],
    ['with all bytes the other way round (IPMI)', '324d4e4f-c0b4-5280-1035-460044454c4c'],
    ['with all bytes the other way round, and then the fields', '4f4e4d32-b4c0-8052-1035-460044454c4c'],
  ] as const)
    it(`is the same ${how}`, () => assert.equal(machineOf(other), machineOf(UUID)));

  it('is the same as a BMC has it in its settings and as ipmitool reads it from that BMC', () => {
    assert.equal(machineOf('e7cdab89-6745-23a1-efcd-ab89674523a1'), machineOf('a123456789abcdefa123456789abcde7'));
  });
  it('is another one of another machine, however near', () => {
    for (const other of ['4c4c4544-0046-3510-8052-b4c04f4e4d33', '4c4c4545-0046-3510-8052-b4c04f4e4d32'])
      assert.notEqual(machineOf(other), machineOf(UUID));
  });
  for (const nobodys of [
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '03000200-0400-0500-0006-000700080009',
    '00020003-0004-0005-0006-000700080009',
    'Not Settable',
    '',
  ])
    it(`names no machine: '${nobodys}'`, () => assert.equal(machineOf(nobodys), null));
});
