import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { VmReport } from '@lifeboat/contracts';
import { hostId, instant, vmId } from '@lifeboat/kernel';
import { type AgentState, leaving, registrationOf, sawPeers, sawVms, starting, whatToWrite } from './decide.ts';

const h2 = hostId('h2');
const start = starting(hostId('h1'), 'boot', '0.1.0', instant(0));
const vm = (n: number): VmReport => ({ vm: vmId(`00000000-0000-4000-8000-00000000000${n}`), state: 'running', since: instant(1) });
/** A round of probes for each letter: a = answered, . = silent, ? = could not be asked. */
const probed = (rounds: string): AgentState =>
  [...rounds].reduce((s, r, i) => sawPeers(s, [h2], new Map(r === '?' ? [] : [[h2, r === 'a']]), instant(i)), start);

describe('what an agent writes', () => {
  const views: [rounds: string, view: string][] = [
    ['a', 'alive@0'],
    ['aaaa', 'alive@0'],
    ['.', 'nothing'],
    ['..', 'dead@1'],
    ['a.', 'alive@0'],
    ['a.a.a.', 'alive@0'],
    ['a..', 'dead@2'],
    ['a....', 'dead@2'],
    ['a..a', 'alive@3'],
    ['a.?.', 'dead@3'],
    ['??', 'nothing'],
    ['a???', 'alive@0'],
    ['a????', 'alive@0'],
    ['a?????', 'nothing'],
    ['..?????', 'nothing'],
    ['a?????a', 'alive@6'],
  ];
  for (const [rounds, view] of views)
    it(`given the probes ${rounds}, then its peer is ${view}`, () => {
      const [p] = registrationOf(probed(rounds)).peers;
      assert.equal(p === undefined ? 'nothing' : `${p.production}@${p.at}`, view);
    });

  it('fits into one entry of the registry, however many VMs it has and whatever they are called', () => {
    const full = Array.from({ length: 3_000 }, (_, n) => ({
      ...vm(0),
      vm: vmId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`),
      name: `a${'😀虚'.repeat(80)}`,
      reason: 'running',
    }));
    const written = JSON.stringify(registrationOf(sawVms(start, full)));
    assert.ok(Buffer.byteLength(written) < 1_048_576, `${Buffer.byteLength(written)} bytes`);
    assert.ok(written.isWellFormed(), 'no half characters');
    assert.equal(registrationOf(sawVms(start, [{ ...vm(1), name: 'web-1' }])).vms[0]?.name, 'web-1');
  });

  it('writes when something changed, and only then', () => {
    const s = sawVms(probed('a'), [vm(2), vm(1)]);
    const first = whatToWrite(s, null);
    assert.deepEqual([first?.vms.map((v) => v.vm), first?.vmsKnown], [[vm(1).vm, vm(2).vm], true]);
    assert.equal(whatToWrite(sawVms(sawPeers(s, [h2], new Map([[h2, true]]), instant(9)), [vm(1), vm(2)]), first), null);
    assert.notEqual(whatToWrite(sawVms(s, [vm(1)]), first), null);
    assert.equal(whatToWrite(leaving(s), first)?.leaving, true);
  });

  it('keeps the last list of VMs while the hypervisor is silent, and says so', () => {
    const r = registrationOf(sawVms(sawVms(start, [vm(1)]), null));
    assert.deepEqual([r.vmsKnown, r.vms.length], [false, 1]);
  });

  it('forgets peers that are no longer its own', () =>
    assert.deepEqual(registrationOf(sawPeers(probed('a'), [], new Map(), instant(5))).peers, []));
});
