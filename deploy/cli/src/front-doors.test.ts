import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const mains = {
  start: new URL('../../embedded/src/main.ts', import.meta.url),
  local: new URL('../../local/src/main.ts', import.meta.url),
  lifeboat: new URL('./main.ts', import.meta.url),
};
/** What a command says, and its exit code. None of these gets so far as to a server. */
const said = (name: keyof typeof mains, ...args: string[]): Promise<{ code: number | null; text: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [fileURLToPath(mains[name]), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LIFEBOAT_KAFKA: '127.0.0.1:1' },
    });
    let text = '';
    for (const out of [child.stdout, child.stderr]) out.on('data', (d: Buffer) => (text += d.toString()));
    child.on('close', (code) => resolve({ code, text }));
  });

const nonsense: readonly [door: keyof typeof mains, args: string, answer: RegExp][] = [
  ['start', '--hosts 0', /^--hosts: a whole number from 1 to 1000000 wanted, got '0'/],
  ['start', '--hosts 2 --racks 2 --vms 9000', /^region: no room for VM \d+ of 9000: give it more or larger hosts\n\nnpm start/],
  ['local', 'up kafka', /^up: kafka: not understood\n\nlifeboat local/],
  ['local', 'upp', /^upp: not a command\n\nlifeboat local/],
  ['lifeboat', 'release compute-1', /^release: compute-1: not understood \(a host is named by --host H\)/],
  ['lifeboat', 'drain --yes', /^drain: which host\?/],
];

describe('commands that are not understood', { concurrency: 2 }, () => {
  for (const [door, args, answer] of nonsense)
    it(`${door} ${args}: told in a sentence, exit code 2`, async () => {
      const { code, text } = await said(door, ...args.split(' '));
      assert.match(text, answer);
      assert.equal(code, 2, text);
    });
});
