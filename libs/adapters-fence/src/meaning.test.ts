import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failureOf, powerStateOf, trimmed } from './meaning.ts';

const end = (code: number | null, stdout: string, stderr = '') => ({ code, stdout, stderr });

describe('powerStateOf', () => {
  const table = [
    [end(0, 'Status: ON\n'), 'on'],
    [end(2, 'Status: OFF\n'), 'off'],
    // A Python or shell that cannot even start also ends with 2.
    [end(2, '', "python3: can't open file '/usr/sbin/fence_x': [Errno 2] No such file or directory"), null],
    [end(2, 'Status: ON\n'), null],
    [end(0, 'Status: OFF\n'), null],
    [end(0, ''), null],
    // Redfish has more states than two.
    [end(0, 'Status: POWERINGOFF\n'), null],
    [end(1, 'Status: OFF\n'), null],
  ] as const;
  for (const [given, want] of table)
    it(`${given.code} ${JSON.stringify(given.stdout)} → ${want}`, () => assert.equal(powerStateOf(given), want));
});

describe('failureOf', () => {
  const table = [
    ['Connection timed out', 'FENCE_UNREACHABLE'],
    ['Failed: send_get_request: HTTPSConnectionPool(...): [Errno 113] No route to host', 'FENCE_UNREACHABLE'],
    ['Failed: Unable to obtain correct plug status or plug is not available', 'FENCE_REFUSED'],
    ['Failed: Timed out waiting to power OFF', 'FENCE_REFUSED'],
    ['Unable to connect/login to fencing device', 'FENCE_REFUSED'],
    ['Failed: send_get_request: [Errno 111] Connection refused', 'FENCE_REFUSED'],
    ['not working on this device yet', 'FENCE_REFUSED'],
    ['Failed: You have to enter fence address', 'FENCE_MISCONFIGURED'],
    ["Failed: Unrecognised action 'blah'", 'FENCE_MISCONFIGURED'],
    ['Ipmitool not found or not accessible', 'FENCE_MISCONFIGURED'],
    ["ModuleNotFoundError: No module named 'pexpect'", 'FENCE_MISCONFIGURED'],
    ['', 'FENCE_REFUSED'],
  ] as const;
  for (const [text, want] of table) it(`${text || '(nothing)'} → ${want}`, () => assert.equal(failureOf(end(1, '', text)), want));
  it('the shell finds no such agent', () => assert.equal(failureOf(end(127, '')), 'FENCE_MISCONFIGURED'));
});

describe('trimmed', () => {
  it('leaves what a person wants to read', () => {
    const stderr =
      "2026-11-22 16:14:03,335 ERROR: Failed: You have to enter fence address\n\n2026-11-22 16:14:03,335 ERROR: Please use '-h' for usage\n\n";
    assert.equal(trimmed(end(1, '', stderr)), 'Failed: You have to enter fence address');
  });
  it('is short', () => assert.equal(trimmed(end(1, '', 'x'.repeat(5_000))).length, 300));
});
