import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { healthOf, meaningOf } from './states.ts';
import { readStates, readUuids } from './virsh.ts';

describe('meaningOf', () => {
  const table = [
    ['kill -9 of qemu, guest panic with destroy, watchdog poweroff', 5, 3, 'crashed'],
    ['guest panic with preserve', 6, 1, 'crashed'],
    ['guest panic with restart', 1, 9, 'running'],
    ['watchdog pause', 3, 6, 'hung'],
    ['guest poweroff', 5, 1, 'shut-off'],
    ['virsh destroy', 5, 2, 'shut-off'],
    ['moved away', 5, 4, 'shut-off'],
    ['the host had a power cut', 5, 0, 'shut-off'],
    ['disk full, storage gone', 3, 5, 'io-error'],
    ['virsh suspend', 3, 1, 'paused'],
    ['running', 1, 1, 'running'],
    ['a state of the future', 99, 0, 'unknown'],
  ] as const;
  for (const [what, state, reason, want] of table) it(`${what} → ${want}`, () => assert.equal(meaningOf(state, reason)[0], want));
});

describe('healthOf', () => {
  const table = [
    ['it answers', 1, 1, 'answers', 'running'],
    ['it has been silent for long', 1, 1, 'silent', 'hung'],
    ['nothing is known of its agent', 1, 1, null, 'running'],
    ['silent because it is paused', 3, 1, 'silent', 'paused'],
    ['silent because it crashed', 5, 3, 'silent', 'crashed'],
  ] as const;
  for (const [what, state, reason, guest, want] of table)
    it(`${what} → ${want}`, () => assert.equal(healthOf({ state, reason, guest })[0], want));
});

describe('virsh, as it prints', () => {
  it('is read by name', () => {
    const uuids = readUuids('6695eb01-f6a4-8304-79aa-97f2502e193f test       \n00000000-0000-4000-8000-000000000001 a b\n\n');
    assert.deepEqual(
      readStates(
        "Domain: 'test'\n  state.state=5\n  state.reason=3\n\nDomain: 'a b'\n  state.state=1\n  state.reason=1\n\nDomain: 'new'\n  state.state=1\n",
        uuids,
      ),
      [
        { uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', name: 'test', state: 5, reason: 3 },
        { uuid: '00000000-0000-4000-8000-000000000001', name: 'a b', state: 1, reason: 1 },
      ],
    );
  });
});
