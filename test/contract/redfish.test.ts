import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { fenceAgents } from '@lifeboat/adapters-fence';
import type { FenceMethod } from '@lifeboat/contracts';
import { hostId, stableId } from '@lifeboat/kernel';
import { REDFISH_PASSWORD, REDFISH_USER, type RedfishServer, startRedfish } from '../servers/redfish.ts';

const uuidOf = (name: string) => stableId('machine', name).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
const host = hostId('compute-1');
const device = fenceAgents();
const LIMIT_MS = 8_000;
const insecure = { ssl_insecure: '1' };

const methodAt = (port: number, plug: string, more: Record<string, string> = insecure, timeLimitMs = LIMIT_MS): FenceMethod => ({
  name: 'bmc',
  agent: 'fence_redfish',
  parameters: {
    ip: '127.0.0.1',
    ipport: String(port),
    username: REDFISH_USER,
    password: REDFISH_PASSWORD,
    systems_uri: `/redfish/v1/Systems/${plug}`,
    ...more,
  },
  timeLimitMs,
});

describe('a BMC that speaks Redfish, by fence_redfish over HTTPS', () => {
  let server: RedfishServer;
  before(async () => {
    server = await startRedfish(['good', 'lying', 'other'], uuidOf);
  });
  after(() => server.close());
  const machine = (name: string) => server.machines.get(name) ?? assert.fail(`no machine ${name}`);
  const good = () => methodAt(server.port, 'good');
  const said = async (method: FenceMethod) => {
    const s = await device.status(host, method);
    return s.ok ? s.value : s.code;
  };

  it('switches its machine off, and status says so; off again is obeyed; on again', async () => {
    assert.equal(await said(good()), 'on');
    for (let i = 0; i < 2; i++) {
      assert.equal((await device.off(host, good())).ok, true);
      assert.deepEqual([machine('good').power, await said(good())], ['Off', 'off']);
    }
    assert.equal((await device.on(host, good())).ok, true);
    assert.deepEqual([await said(good()), machine('other').power], ['on', 'On']);
  });
  it('takes the order and does nothing: never called off', async () => {
    machine('lying').ignores = true;
    const method = methodAt(server.port, 'lying', { ...insecure, power_timeout: '2' });
    assert.equal((await device.off(host, method)).ok, false);
    assert.equal(await said(method), 'on');
  });
  it('accepts connections and never answers: over at the limit, and no word about power', async () => {
    const mute = createServer(() => undefined);
    await new Promise<void>((ready) => mute.listen(0, '127.0.0.1', ready));
    const began = performance.now();
    assert.equal(await said(methodAt((mute.address() as AddressInfo).port, 'good', insecure, 2_000)), 'FENCE_TIMEOUT');
    assert.ok(performance.now() - began < 5_000);
    mute.close();
  });
  it('refuses the connection: something there has power, so it is not taken for silent', async () => {
    assert.equal(await said(methodAt(1, 'good')), 'FENCE_REFUSED');
  });
  it('is asked for the machine that the method names, and says which one that is', async () => {
    const identity = async (plug: string) => {
      const i = await device.identity?.(host, methodAt(server.port, plug));
      return i?.ok === true ? i.value : i?.code;
    };
    assert.deepEqual([await identity('good'), await identity('other')], [uuidOf('good'), uuidOf('other')]);
  });
  it('refuses a wrong password: no word about the power, and the password is not shown', async () => {
    const answer = await device.status(host, methodAt(server.port, 'good', { ...insecure, password: 'wrong-secret' }));
    assert.equal(answer.ok ? answer.value : answer.code, 'FENCE_REFUSED');
    assert.doesNotMatch(answer.ok ? '' : answer.detail, /secret/);
  });
  it('knows more states than two: one on its way is not off', async () => {
    machine('other').power = 'PoweringOff';
    assert.notEqual(await said(methodAt(server.port, 'other')), 'off');
    machine('other').power = 'Off';
    assert.equal(await said(methodAt(server.port, 'other')), 'off');
  });
  it('is not trusted with a certificate that nobody signed, unless the topology says so', async () => {
    assert.equal(await said(methodAt(server.port, 'good', {})), 'FENCE_REFUSED');
  });
});
