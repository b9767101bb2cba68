import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failed, ok } from '@lifeboat/kernel';
import { byRedfish, identityOf, ipmiSaid } from './identity.ts';

const ended = (code: number, stdout: string, stderr = '') => ({ kind: 'ended', code, signal: null, stdout, stderr }) as const;
const UUID = '4c4c4544-0046-3510-8052-b4c04f4e4d32';

describe('which machine a BMC is in', () => {
  it('by IPMI: what ipmitool prints, in its older and its newer words', () => {
    const older = `System GUID  : ${UUID}\nTimestamp    : 07/25/2010 00:01:32\n`;
    const newer = `System GUID  : ${UUID}\nGUID Encoding: SMBIOS\nGUID Version : 3\n`;
    for (const stdout of [older, newer]) assert.deepEqual(ipmiSaid(ended(0, stdout), 1), ok(UUID));
  });
  it('by IPMI: silence, a refusal and no answer are told apart, and none of them is a UUID', () => {
    const codeOf = (said: ReturnType<typeof ipmiSaid>) => (said.ok ? 'ok' : said.code);
    assert.equal(codeOf(ipmiSaid(ended(1, '', 'Error: Unable to establish IPMI v2 / RMCP+ session'), 1)), 'FENCE_UNREACHABLE');
    assert.equal(codeOf(ipmiSaid(ended(1, '', 'Get GUID command failed: Invalid command'), 1)), 'FENCE_REFUSED');
    assert.equal(codeOf(ipmiSaid(ended(0, 'System GUID  : \n'), 1)), 'FENCE_REFUSED');
    assert.equal(codeOf(ipmiSaid({ kind: 'timeout', stdout: '', stderr: '' }, 1)), 'FENCE_TIMEOUT');
  });

  const redfish = (tree: Record<string, unknown>, parameters: Record<string, string> = {}) =>
    byRedfish(new Map(Object.entries(parameters)), async (path) =>
      path in tree ? ok(tree[path]) : failed('FENCE_REFUSED', `${path}: HTTP 404`),
    );
  const members = (...ids: string[]) => ({ Members: ids.map((id) => ({ '@odata.id': id })) });
  it('by Redfish: of the only system, of the one named, of one that the address names itself', async () => {
    const tree = { '/redfish/v1/Systems': members('/redfish/v1/Systems/1'), '/redfish/v1/Systems/1': { UUID } };
    assert.deepEqual(await redfish(tree), ok(UUID));
    assert.deepEqual(await redfish(tree, { plug: '1' }), ok(UUID));
    assert.deepEqual(await redfish({ '/s/blade7': { UUID } }, { systems_uri: '/s/blade7' }), ok(UUID));
  });
  it('by Redfish: of several systems none is guessed', async () => {
    const said = await redfish({ '/redfish/v1/Systems': members('/a', '/b'), '/a': { UUID }, '/b': { UUID } });
    assert.deepEqual([said.ok, said.ok ? '' : said.code], [false, 'FENCE_REFUSED']);
  });
  it('a power strip knows no machine', async () => {
    const strip = { name: 'strip', agent: 'fence_apc_snmp', parameters: { ip: '10.0.0.1', plug: '3' } };
    assert.deepEqual(await identityOf(strip, async () => undefined, {}), ok(null));
  });
});
