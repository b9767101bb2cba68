import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hostId } from '@lifeboat/kernel';
import { fenceDeviceContract } from '@lifeboat/ports/fence-device.contract';
import { fenceAgents } from './index.ts';

const host = hostId('compute-1');
const dir = mkdtempSync(join(tmpdir(), 'lifeboat-fence-'));

/** A fence agent after the convention of all: parameters on standard input, metadata, exit codes 0, 1 and 2. */
const agent = `#!/bin/sh
cd ${dir}
if [ "$1" = -o ]; then
  echo x >> metadata-calls
  echo '<resource-agent name="fence_lab" shortdesc="lab"><parameters>'
  for p in action ip username password mode; do echo "<parameter name=\\"$p\\" unique=\\"0\\">"; done
  echo '</parameters><actions><action name="on" automatic="0"/><action name="off"/><action name="status"/></actions></resource-agent>'
  exit 0
fi
tr '\\0' ' ' < /proc/$$/cmdline > cmdline
cat > given.$$
mode=$(sed -n 's/^mode=//p' given.$$); action=$(sed -n 's/^action=//p' given.$$); ip=$(sed -n 's/^ip=//p' given.$$)
password=$(sed -n 's/^password=//p' given.$$)
mv given.$$ given
case $mode in
silent) echo 'Connection timed out' >&2; exit 1;;
hang) trap '' TERM; sleep 20;;
odd) exit 2;;
leak) echo "cannot log in with $password" >&2; exit 1;;
esac
case $action in
status) if [ -e "$ip.off" ]; then echo 'Status: OFF'; exit 2; else echo 'Status: ON'; fi;;
off) if [ "$mode" = lie ]; then echo 'Failed: Timed out waiting to power OFF' >&2; exit 1; fi; touch "$ip.off"; echo 'Success: Powered OFF';;
on) rm -f "$ip.off"; echo 'Success: Powered ON';;
esac
`;

const method = (parameters: Record<string, string>, timeLimitMs = 5_000) => ({ name: 'bmc', agent: 'fence_lab', parameters, timeLimitMs });
const device = fenceAgents({ agentPath: dir, graceMs: 200 });

before(() => {
  writeFileSync(join(dir, 'fence_lab'), agent);
  chmodSync(join(dir, 'fence_lab'), 0o755);
});
after(() => rmSync(dir, { recursive: true }));

fenceDeviceContract('fence agents, a script after their convention', async () => ({
  device,
  host,
  good: method({ ip: 'a' }),
  unreachable: method({ ip: 'b', mode: 'silent' }),
  lying: method({ ip: 'c', mode: 'lie' }),
  close: async () => undefined,
}));

describe('fenceAgents', () => {
  const codeOf = async (m: Parameters<typeof device.status>[1]) => {
    const answer = await device.status(host, m);
    assert.equal(answer.ok, false);
    return answer.ok ? '' : answer.code;
  };

  it('gives parameters and secrets on standard input alone', async () => {
    process.env.LAB_BMC_PASSWORD = 's3cret';
    writeFileSync(join(dir, 'user'), 'admin\n');
    const answer = await device.status(host, method({ ip: 'x', username: `\${file:${dir}/user}`, password: '${env:LAB_BMC_PASSWORD}' }));
    assert.deepEqual(answer, { ok: true, value: 'on' });
    assert.equal(readFileSync(join(dir, 'given'), 'utf8'), 'ip=x\nusername=admin\npassword=s3cret\naction=status\n');
    assert.doesNotMatch(readFileSync(join(dir, 'cmdline'), 'utf8'), /s3cret|admin/);
  });

  it('shows no secret in what it says', async () => {
    const answer = await device.status(host, method({ ip: 'x', mode: 'leak', password: 'hunter2' }));
    assert.deepEqual(answer, { ok: false, code: 'FENCE_REFUSED', detail: 'bmc (fence_lab) status compute-1: cannot log in with ***' });
  });

  it('kills an agent that is over its limit, and says so', async () => {
    const began = performance.now();
    assert.equal(await codeOf(method({ ip: 'x', mode: 'hang' }, 1_000)), 'FENCE_TIMEOUT');
    assert.ok(performance.now() - began < 3_000);
  });

  it('takes exit code 2 without the word OFF for no answer', async () =>
    assert.equal(await codeOf(method({ ip: 'x', mode: 'odd' })), 'FENCE_REFUSED'));

  it('asks for the metadata once', () => assert.equal(readFileSync(join(dir, 'metadata-calls'), 'utf8'), 'x\n'));

  const wrong = [
    ['a parameter the agent does not know', { ip: 'x', passwrd: 'y' }, /parameters\.passwrd: fence_lab knows no such parameter/],
    ['an action of its own', { ip: 'x', action: 'reboot' }, /parameters\.action: Lifeboat sets the action itself/],
    ['a missing plug taken for off', { ip: 'x', missing_as_off: '1' }, /parameters\.missing_as_off: .* proves nothing/],
    [
      'a secret that is not there',
      { ip: 'x', password: '${env:NO_SUCH_VARIABLE}' },
      /parameters\.password: .*NO_SUCH_VARIABLE.* is not there/,
    ],
    ['a value that smuggles in a parameter', { ip: 'x\naction=on' }, /parameters\.ip: has a line break/],
  ] as const;
  for (const [name, parameters, detail] of wrong)
    it(`refuses ${name}, without running the agent`, async () => {
      rmSync(join(dir, 'given'), { force: true });
      const answer = await device.off(host, method(parameters));
      assert.equal(answer.ok ? '' : answer.code, 'FENCE_MISCONFIGURED');
      assert.match(answer.ok ? '' : answer.detail, detail);
      assert.equal(existsSync(join(dir, 'given')), false);
    });

  it('says when the agent is not installed', async () =>
    assert.equal(await codeOf({ ...method({}), agent: 'fence_nowhere' }), 'FENCE_MISCONFIGURED'));

  it('refuses agents that switch nothing off', async () => {
    writeFileSync(join(dir, 'fence_compute'), agent);
    chmodSync(join(dir, 'fence_compute'), 0o755);
    assert.equal(await codeOf({ ...method({ ip: 'x' }), agent: 'fence_compute' }), 'FENCE_MISCONFIGURED');
  });

  describe('of a host with two power supplies', () => {
    const pair = (first: Record<string, string>, second: Record<string, string>) => ({
      ...method(first),
      also: [{ agent: 'fence_lab', parameters: second }],
    });
    it('switches both off, and calls it off only then', async () => {
      const both = pair({ ip: 'left' }, { ip: 'right' });
      await device.off(host, method({ ip: 'left' }));
      assert.deepEqual(await device.status(host, both), { ok: true, value: 'on' });
      assert.deepEqual(await device.off(host, both), { ok: true, value: undefined });
      assert.deepEqual(await device.status(host, both), { ok: true, value: 'off' });
      assert.deepEqual(await device.on(host, both), { ok: true, value: undefined });
      assert.deepEqual(await device.status(host, method({ ip: 'right' })), { ok: true, value: 'on' });
    });
    it('is not off when one strip is off and nothing is known of the other', async () => {
      const half = pair({ ip: 'gone' }, { ip: 'x', mode: 'silent' });
      await device.off(host, method({ ip: 'gone' }));
      const answer = await device.status(host, half);
      assert.equal(answer.ok ? answer.value : answer.code, 'FENCE_UNREACHABLE');
      assert.equal((await device.off(host, half)).ok, false);
    });
  });

  it('gives no order for one who was paused on the way and leads no more', async () => {
    rmSync(join(dir, 'given'), { force: true });
    const answer = await device.off(host, method({ ip: 'zombie' }), () => false);
    assert.match(answer.ok ? '' : answer.detail, /not ordered, for we do not lead any more, or it is not wanted any more/);
    assert.equal(existsSync(join(dir, 'given')), false);
  });

  it('runs no more agents at once than it may; who waits too long is told', async () => {
    const narrow = fenceAgents({ agentPath: dir, atOnce: 1, graceMs: 100 });
    const hung = narrow.status(host, method({ ip: 'x', mode: 'hang' }, 1_500));
    const second = await narrow.status(host, method({ ip: 'x' }, 1_000));
    assert.match(second.ok ? '' : second.detail, /too many fence agents at once/);
    await hung;
    assert.deepEqual(await narrow.status(host, method({ ip: 'x' })), { ok: true, value: 'on' });
  });
});
