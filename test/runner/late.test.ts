import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onlyLate } from './late.ts';

const WAIT = 'the lab\n      Error: not within 120000 ms: the agent of vm2 answers: Guest agent is not responding';
const CANCELLED = 'a guest\n      test did not finish before its parent and was cancelled';
const UNTRUE = 'each VM runs once\n      AssertionError: vm7 runs on compute-3 and on compute-5';

describe('what may be tried a second time', () => {
  const table: [string, readonly string[], boolean][] = [
    ['a wait that ran out', [WAIT], true],
    ['and what could not run because of it', [WAIT, CANCELLED], true],
    ['a claim that is untrue', [UNTRUE], false],
    ['a claim that is untrue beside a wait', [WAIT, UNTRUE], false],
    ['nothing but cancelled tests: nobody knows why', [CANCELLED], false],
    ['no cause at all', [], false],
  ];
  for (const [what, causes, may] of table) it(`${what}: ${may ? 'once more' : 'it counts'}`, () => assert.equal(onlyLate(causes), may));
});
