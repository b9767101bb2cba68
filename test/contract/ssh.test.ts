import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sshShell } from '@lifeboat/adapters-probe';

// A real sshd of our own on loopback, with keys made here.
const dir = mkdtempSync(join(tmpdir(), 'lifeboat-ssh-'));
const at = (name: string) => join(dir, name);
const [address, port] = ['127.0.14.22', 22022] as const;
let sshd: ChildProcess;

const answers = () =>
  new Promise<boolean>((resolve) => {
    const s = connect({ host: address, port }, () => {
      s.destroy();
      resolve(true);
    });
    s.on('error', () => resolve(false));
  });

before(async () => {
  for (const name of ['host', 'us', 'stranger', 'other-host'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
  const known = (key: string) => `[${address}]:${port} ${readFileSync(at(`${key}.pub`), 'utf8')}`;
  writeFileSync(at('known'), known('host'));
  writeFileSync(at('known-other'), known('other-host'));
  writeFileSync(at('known-none'), '');
  writeFileSync(at('authorized'), readFileSync(at('us.pub')));
  // the shell that runs the command must not read root's own start-up files: one may take a minute (pyenv, where a login was killed in it)
  writeFileSync(
    at('config'),
    `ListenAddress ${address}\nPort ${port}\nHostKey ${at('host')}\nAuthorizedKeysFile ${at('authorized')}\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nPidFile none\nSetEnv HOME=/nonexistent\n`,
  );
  mkdirSync('/run/sshd', { recursive: true });
  sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', at('config')], { stdio: 'ignore' });
  for (let i = 0; i < 50 && !(await answers()); i++) await new Promise((r) => setTimeout(r, 50));
});
after(() => {
  sshd.kill('SIGKILL');
  rmSync(dir, { recursive: true });
});

const shell = (more: object = {}) =>
  sshShell({
    user: 'root',
    port,
    identityFile: at('us'),
    knownHostsFile: at('known'),
    restartCommand: `touch ${at('restarted')}`,
    connectTimeoutMs: 1_000,
    ...more,
  });
const codeOf = (answer: { ok: true } | { ok: false; code: string }) => (answer.ok ? 'ok' : answer.code);

describe('sshShell, against a real sshd', () => {
  it('logs in', async () => assert.equal(codeOf(await shell().login(address)), 'ok'));
  it('restarts the agent', async () => {
    assert.equal(codeOf(await shell().restartAgent(address)), 'ok');
    assert.ok(existsSync(at('restarted')));
  });
  it('says that the command failed, in its words', async () => {
    const answer = await shell({ restartCommand: 'ls /nowhere-at-all' }).restartAgent(address);
    assert.equal(codeOf(answer), 'COMMAND_FAILED');
    assert.match(answer.ok ? '' : answer.detail, /nowhere-at-all/);
  });
  it('keeps its limit when the command hangs', async () => {
    const began = performance.now();
    assert.equal(codeOf(await shell({ restartCommand: 'sleep 30', timeLimitMs: 1_500 }).restartAgent(address)), 'COMMAND_FAILED');
    assert.ok(performance.now() - began < 3_000);
  });
  for (const [name, more] of [
    ['a key the host does not know', { identityFile: at('stranger') }],
    ['a host whose key is not the known one', { knownHostsFile: at('known-other') }],
    ['a host nobody knows', { knownHostsFile: at('known-none') }],
  ] as const)
    it(`is refused: ${name}`, async () => assert.equal(codeOf(await shell(more).login(address)), 'SSH_REFUSED'));
  it('says that nothing listens', async () => assert.equal(codeOf(await shell({ port: 22023 }).login(address)), 'SSH_UNREACHABLE'));
  it('keeps its connect limit with one that accepts and says nothing', async () => {
    const mute = createServer();
    await new Promise<void>((r) => mute.listen(22024, address, r));
    const began = performance.now();
    assert.equal(codeOf(await shell({ port: 22024 }).login(address)), 'SSH_UNREACHABLE');
    assert.ok(performance.now() - began < 4_000);
    mute.close();
  });
});
