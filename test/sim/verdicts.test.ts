import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placeOf, rows, wordsOf } from '../lab-nets/matrix.ts';
import { verdictInSimulation } from './verdicts.ts';

describe('what really failed, in the simulated region', () => {
  for (const row of rows)
    it(`${placeOf(row)}: ${wordsOf(row.expected)}`, async () => assert.deepEqual((await verdictInSimulation(row)).wrong, []));
});
