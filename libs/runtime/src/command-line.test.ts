import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';

const program = `import { commandLine } from '${new URL('./command-line.ts', import.meta.url)}';
const { values, positionals } = commandLine('usage: X', { seeds: { type: 'string' }, help: { type: 'boolean' } });
console.log(JSON.stringify([values.seeds, positionals]));`;
const run = (...args: string[]) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', program, '--', ...args], { encoding: 'utf8', timeout: 20_000 });

describe('a command line', () => {
  it('gives its options and its other words', () => {
    assert.equal(run('one', '--seeds', '5').stdout, '["5",["one"]]\n');
  });
  it('that is not understood: a sentence and the usage, exit code 2, no stack', () => {
    for (const args of [['--sees', '5'], ['--seeds']]) {
      const { status, stderr, stdout } = run(...args);
      assert.equal(status, 2);
      assert.match(stderr, /^(Unknown option '--sees'|Option '--seeds).*\n\nusage: X\n$/s);
      assert.equal(stderr.includes('    at '), false);
      assert.equal(stdout, '');
    }
  });
  it('with --help: the usage, exit code 0', () => {
    const { status, stdout } = run('--help');
    assert.deepEqual([status, stdout], [0, 'usage: X\n']);
  });
});
