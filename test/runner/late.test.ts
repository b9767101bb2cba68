import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onlyLate } from './late.ts';

const WAIT = 'the lab\n      Error: vm lab: not within two boots: the agent of vm2 answers';
const CANCELLED = 'a guest\n      test did not finish before its parent and was cancelled';
const LIFEBOAT = 'the host comes back\n      Error: not within 120 s: lifeboat.host.released';
const UNTRUE = 'each VM runs once\n      AssertionError: vm7 runs on compute-3 and on compute-5';

describe('what may be tried a second time', () => {
  const table: [string, readonly string[], boolean][] = [
    ["a lab's wait that ran out", [WAIT], true],
    ['a wait for Lifeboat that ran out', [LIFEBOAT], false],
    ['both', [WAIT, LIFEBOAT], false],
    ['and what could not run because of it', [WAIT, CANCELLED], true],
    ['a claim that is untrue', [UNTRUE], false],
    ['a claim that is untrue beside a wait', [WAIT, UNTRUE], false],
    ['nothing but cancelled tests: nobody knows why', [CANCELLED], false],
    ['no cause at all', [], false],
  ];
  for (const [what, causes, may] of table) it(`${what}: ${may ? 'once more' : 'it counts'}`, () => assert.equal(onlyLate(causes), may));
});
