import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostId, instant, vmId } from '@lifeboat/kernel';
import type { CloudVm, MigrationRecord } from '@lifeboat/ports';
import type { Shift } from '../state.ts';
import { judge, type Source } from './judge.ts';

const limits = { recordWithinMs: 20_000, liveLimitMs: 900_000, shiftStuckMs: 1_800_000 };
const vm = vmId('00000000-0000-4000-8000-000000000001');
const [from, to] = [hostId('h1'), hostId('h2')];
const shift = { vm, from, calledAt: instant(1_000_000), stage: 'running', aborted: false, known: [] as string[] } as unknown as Shift;
const vmAt = (host: string | null, task: string | null = null, vmState = 'active'): CloudVm => ({
  vm,
  name: 'v1',
  host: host === null ? null : hostId(host),
  status: vmState === 'active' ? 'ACTIVE' : vmState.toUpperCase(),
  vmState,
  task,
  fault: null,
});
const record = (state: MigrationRecord['state'], how: MigrationRecord['how'] = 'live'): MigrationRecord => ({
  ...{ id: '7', vm, from, to, how, state, status: state },
  createdAt: instant(0),
});

/** What Nova shows, so long after the call; and what follows. */
const table: [
  what: string,
  vm: CloudVm | undefined,
  record: MigrationRecord | undefined,
  seconds: number,
  finding: string,
  o?: { source?: Source; shift?: Partial<Shift> },
][] = [
  ['it does not exist any more', undefined, undefined, 1, 'gone'],
  ['no record yet', vmAt('h1'), undefined, 1, 'wait'],
  ['no record, and Nova is at work on it', vmAt('h1', 'migrating'), undefined, 60, 'wait'],
  ['no record after its time: the call was never taken', vmAt('h1'), undefined, 21, 'not-taken'],
  ['somebody else has moved it', vmAt('h3'), undefined, 5, 'there'],
  ['under way', vmAt('h1', 'migrating'), record('running'), 5, 'wait'],
  ['looks active where it was: its record counts', vmAt('h1'), record('running'), 5, 'wait'],
  ['looks active where it went: its record counts', vmAt('h2'), record('running'), 5, 'wait'],
  ['takes too long: ended by us', vmAt('h1', 'migrating'), record('running'), 901, 'abort'],
  ['takes too long, ended by us before: waited for', vmAt('h1', 'migrating'), record('running'), 950, 'wait', { shift: { aborted: true } }],
  ['a cold one that takes too long is not ended', vmAt('h1', 'resize_migrating'), record('running', 'cold'), 901, 'wait'],
  ['never ends', vmAt('h1', 'migrating'), record('running'), 1_801, 'stuck', { shift: { aborted: true } }],
  ['done, and there', vmAt('h2'), record('done'), 5, 'there'],
  ['done, and Nova is still at work on it', vmAt('h2', 'migrating'), record('done'), 5, 'wait'],
  ['done, and Nova has it where it was still', vmAt('h1'), record('done'), 5, 'wait'],
  ['failed', vmAt('h1'), record('failed'), 5, 'failed'],
  ['failed, and Nova is still at work on it', vmAt('h1', 'migrating'), record('failed'), 5, 'wait'],
  ['failed at its very end: it is there all the same', vmAt('h2'), record('failed'), 5, 'there'],
  ['cold, arrived: to be confirmed', vmAt('h2', null, 'resized'), record('arrived', 'cold'), 9, 'confirm'],
  ['cold, being confirmed', vmAt('h2', 'resize_confirming', 'resized'), record('arrived', 'cold'), 9, 'wait'],
  [
    'cold, its confirmation under way by us',
    vmAt('h2', null, 'resized'),
    record('arrived', 'cold'),
    9,
    'wait',
    { shift: { stage: 'confirming' } },
  ],
  ['cold, confirmed', vmAt('h2'), record('done', 'cold'), 12, 'there'],
  ['its host has failed meanwhile: never ended by us', vmAt('h1', 'migrating'), record('running'), 80, 'wait', { source: 'dead' }],
  ['its host has failed, long after: undecided for good', vmAt('h1', 'migrating'), record('running'), 901, 'stuck', { source: 'dead' }],
  [
    'its host has failed after its cold move had arrived: it is there',
    vmAt('h2', null, 'resized'),
    record('arrived', 'cold'),
    9,
    'there',
    { source: 'dead' },
  ],
  ['waits behind others', vmAt('h1', 'migrating'), record('waiting'), 30, 'wait'],
  ['waits too long: ended by us', vmAt('h1', 'migrating'), record('waiting'), 901, 'abort'],
  [
    'its host is proven dead before it had begun: its guest is nowhere',
    vmAt('h1', 'migrating'),
    record('waiting'),
    9,
    'lost',
    { source: 'dead' },
  ],
  [
    'its host has failed before it had begun, and is not proven dead',
    vmAt('h1', 'migrating'),
    record('waiting'),
    9,
    'wait',
    { source: 'failed' },
  ],
  ['its host has failed, and the record says failed', vmAt('h1'), record('failed'), 9, 'failed', { source: 'dead' }],
];

describe('what is so with a migration', () => {
  for (const [what, seen, recorded, seconds, finding, o = {}] of table)
    it(`${what}: ${finding}`, () => {
      const at = instant(1_000_000 + seconds * 1_000);
      assert.equal(judge(limits, { ...shift, ...o.shift }, seen, recorded, o.source ?? 'well', at).kind, finding);
    });
});
