import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryLedger, VirtualClock } from '@lifeboat/adapters-memory';
import { epoch, failed, type HostId, hostId, incidentId, instant, ok, vmId } from '@lifeboat/kernel';
import type { Cloud, CloudFailure, CloudVm, ComputeService, VmAct } from '@lifeboat/ports';
import type { RestartEffect, RestartResult } from '../effects.ts';
import { restart } from './restart.ts';
import { ServiceLooks } from './restart-look.ts';

const VM = vmId('00000000-0000-4000-8000-000000000001');
const H1 = hostId('h1');
const START = 1_000_000;

/** One VM in Nova, which does what it is asked for a second later; and one act of ours on it. */
class OneVm {
  readonly clock = new VirtualClock(instant(START));
  readonly ledger = new MemoryLedger(this.clock);
  vm: CloudVm = {
    vm: VM,
    name: 'v',
    host: H1,
    status: '',
    vmState: 'active',
    task: null,
    fault: null,
    locked: false,
    highAvailability: true,
  };
  acts: VmAct[] = [];
  service: ComputeService = { id: '1', host: H1, up: true, enabled: true, forcedDown: false, disabledReason: null };
  lease = true;
  /** Hosts that do not take it. */
  readonly full = new Set<HostId>();
  readonly fails: Partial<Record<'reboot' | 'pause' | 'move', { code: CloudFailure; taken: boolean }>> = {};
  readonly calls: string[] = [];

  asked(act: string, by: string | null = 'owner', at = START): this {
    this.acts = [{ act, at: instant(at), by, ours: by === 'lifeboat' }, ...this.acts];
    return this;
  }
  is(change: Partial<CloudVm>): this {
    this.vm = { ...this.vm, ...change };
    return this;
  }
  #act(name: string, task: string, then: () => Partial<CloudVm>) {
    this.calls.push(name);
    const wrong = this.fails[name.split(' ')[0] as 'reboot'];
    if (wrong === undefined || wrong.taken) {
      this.asked(name.startsWith('move') ? 'migrate' : name, 'lifeboat', this.clock.now());
      this.is({ task });
      void this.clock.sleep(1_000).then(() => this.is({ task: null, ...then() }));
    }
    return Promise.resolve(wrong === undefined ? ok(undefined) : failed(wrong.code, 'as scripted'));
  }
  readonly cloud: Cloud = {
    onlyWhile: () => this.cloud,
    computeServices: async () => ok([this.service]),
    vm: async () => (this.vm.vmState === 'deleted' ? failed('CLOUD_NOT_FOUND', 'gone') : ok(this.vm)),
    acts: async () => ok(this.acts),
    reboot: () => this.#act('reboot', 'rebooting_hard', () => ({ vmState: 'active' })),
    pause: () => this.#act('pause', 'pausing', () => ({ vmState: 'paused' })),
    unpause: () => this.#act('unpause', 'unpausing', () => ({ vmState: 'active' })),
    move: (_: unknown, to: HostId) =>
      this.#act(`move ${to}`, 'resize_prep', () => (this.full.has(to) ? {} : { vmState: 'resized', host: to })),
    confirmMove: () => this.#act('confirmMove', 'confirming', () => ({ vmState: 'stopped' })),
  } as unknown as Cloud;

  async perform(how: RestartEffect['how'] = 'reboot', attempt = 'a/1', triedUntil?: number): Promise<RestartResult> {
    const effect: RestartEffect = {
      kind: 'restart',
      operation: `inc-vm/restart/${how}`,
      incident: incidentId('inc-vm-1'),
      host: H1,
      vm: VM,
      how,
      to: how === 'move' ? [hostId('h2'), hostId('h3')] : [],
      since: instant(START - 2_500),
      ...(triedUntil === undefined ? {} : { triedUntil: instant(triedUntil) }),
      goodUntil: instant(START + 15_000),
    };
    const context = { epoch: epoch(1), valid: () => this.lease, signal: new AbortController().signal, attempt };
    const ports = { cloud: this.cloud, ledger: this.ledger, clock: this.clock, services: new ServiceLooks(this.cloud, this.clock) };
    let result: RestartResult | null = null;
    const done = restart(ports, effect, context).then((r) => {
      result = r;
    });
    await this.clock.runFor(700_000);
    await done;
    return result as unknown as RestartResult;
  }
}
const then = (r: RestartResult) => (r.kind === 'restarted' ? `${r.host}${r.adopted ? ' adopted' : ''}` : `${r.then} ${r.detail}`);

describe('the act of bringing a VM back', () => {
  it('reboots an active one, a failed one, and one that Nova itself wrote down as stopped', async () => {
    for (const vmState of ['active', 'error', 'stopped']) {
      const v = new OneVm().is({ vmState }).asked('stop', null);
      assert.deepEqual([then(await v.perform()), v.calls], ['h1', ['reboot']], vmState);
    }
  });
  it('an earlier try of ours failed: what its owner has asked for since it failed counts, what we have asked for ourselves does not', async () => {
    const [failedAt, triedUntil] = [START - 2_500, START - 500];
    const owner = new OneVm().asked('reboot', 'owner', failedAt + 1_000);
    assert.deepEqual([then(await owner.perform('reboot', 'a/2', triedUntil)), owner.calls], ['h1 adopted', []]);
    const ours = new OneVm().asked('reboot', 'lifeboat', failedAt + 1_000);
    assert.deepEqual([then(await ours.perform('reboot', 'a/2', triedUntil)), ours.calls], ['h1', ['reboot']]);
  });
  it('resumes one that its hypervisor paused: Nova is to pause it first, for it does not know', async () => {
    const v = new OneVm();
    assert.deepEqual([then(await v.perform('resume')), v.calls], ['h1', ['pause', 'unpause']]);
  });
  it('moves one to the best host that takes it, confirms, and starts it there', async () => {
    const v = new OneVm();
    v.full.add(hostId('h2'));
    assert.deepEqual([then(await v.perform('move')), v.calls], ['h3', ['move h2', 'move h3', 'confirmMove', 'reboot']]);
  });
  it('one that its owner stops on its new host before we are done with it is left so', async () => {
    const v = new OneVm();
    const confirmed = v.cloud.confirmMove;
    v.cloud.confirmMove = (vm) => {
      v.asked('stop', 'owner', v.clock.now());
      return confirmed(vm);
    };
    assert.deepEqual(
      [then(await v.perform('move')), v.calls],
      ['leave its owner stopped it while it was moved', ['move h2', 'confirmMove']],
    );
  });
  it('in the middle of a move one list of acts that cannot be read is read again: the VM is not left stopped', async () => {
    const v = new OneVm();
    const acts = v.cloud.acts;
    let unread = 3;
    v.cloud.acts = async (vm) =>
      v.calls.includes('confirmMove') && unread-- > 0 ? failed('CLOUD_TIMEOUT', 'no answer in 30000 ms') : acts(vm);
    assert.deepEqual([then(await v.perform('move')), v.calls], ['h2', ['move h2', 'confirmMove', 'reboot']]);
  });
  it('does nothing to one that somebody has in hand', async () => {
    const table: readonly (readonly [v: OneVm, said: RegExp])[] = [
      [new OneVm().is({ locked: true }), /^leave it is locked/],
      [new OneVm().is({ highAvailability: false }), /^leave HA_Enabled/],
      [new OneVm().is({ vmState: 'paused' }), /^leave Nova has it as paused/],
      [new OneVm().is({ vmState: 'paused' }).asked('pause', 'owner', START - 60_000), /^leave Nova has it as paused/],
      [new OneVm().is({ vmState: 'rescued' }), /^leave Nova has it as rescued/],
      [new OneVm().is({ vmState: 'stopped' }).asked('stop', 'owner', START - 60_000), /^leave its owner stopped it/],
      [
        new OneVm()
          .is({ vmState: 'stopped' })
          .asked('stop', 'owner', START - 90_000)
          .asked('evacuate', 'lifeboat', START - 60_000),
        /^leave its owner stopped it/,
      ],
      [new OneVm().asked('stop'), /^leave somebody asked Nova for 'stop' after it had failed/],
      [new OneVm().is({ host: hostId('h9') }), /^leave it is on h9/],
      [new OneVm().is({ task: 'powering-off' }), /^retry Nova is at work on it/],
      [new OneVm().is({ vmState: 'deleted' }), /^gone/],
      [new OneVm().asked('reboot'), /^h1 adopted/],
    ];
    for (const [v, said] of table) {
      assert.match(then(await v.perform()), said);
      assert.deepEqual(v.calls, []);
    }
  });
  it("asks nothing of a host whose compute service is not up: a dead host's messages wait for it", async () => {
    for (const change of [{ up: false }, { forcedDown: true }]) {
      const v = new OneVm();
      v.service = { ...v.service, ...change };
      assert.match(then(await v.perform()), /^retry Nova's compute service of h1 is not up/);
      assert.deepEqual(v.calls, []);
    }
  });
  it('waits for what Nova is just doing', async () => {
    const v = new OneVm().is({ task: 'powering-off' });
    void v.clock.sleep(3_000).then(() => v.is({ task: null, vmState: 'stopped' }).asked('stop', null));
    assert.equal(then(await v.perform()), 'h1');
  });
  it('does nothing without the lease, nor under a stale epoch, nor too late', async () => {
    const lost = new OneVm();
    lost.lease = false;
    assert.match(then(await lost.perform()), /^retry/);
    const stale = new OneVm();
    await stale.ledger.claim(epoch(9));
    assert.match(then(await stale.perform()), /^retry/);
    const late = new OneVm().is({ task: 'powering-off' });
    void late.clock.sleep(18_000).then(() => late.is({ task: null }));
    assert.match(then(await late.perform()), /^retry it took too long/);
    for (const v of [lost, stale, late]) assert.deepEqual(v.calls, []);
  });
  it('a call without an answer: by what Nova was asked for, taken or not', async () => {
    const taken = new OneVm();
    taken.fails.reboot = { code: 'CLOUD_TIMEOUT', taken: true };
    assert.equal(then(await taken.perform()), 'h1');
    const lost = new OneVm();
    lost.fails.reboot = { code: 'CLOUD_TIMEOUT', taken: false };
    assert.match(then(await lost.perform()), /^retry/);
  });
  it('performed a second time, by the next leader, it asks for nothing that was asked for before', async () => {
    const v = new OneVm();
    assert.equal(then(await v.perform()), 'h1');
    assert.equal(then(await v.perform('reboot', 'b/1')), 'h1');
    assert.deepEqual(v.calls, ['reboot']);
  });
  it("performed a second time, it does not take its owner's reboot for its own", async () => {
    const v = new OneVm();
    await v.ledger.admit('inc-vm/restart/move', epoch(1), 'a/1');
    v.asked('reboot', 'owner');
    assert.deepEqual([then(await v.perform('move', 'b/1')), v.calls], ['h1 adopted', []]);
  });
  it('a pause of ours that Nova obeys only where the VM has been moved to meanwhile is ended there', async () => {
    const v = new OneVm();
    const pause = v.cloud.pause;
    v.cloud.pause = (vm) => {
      void v.clock.sleep(500).then(() => v.is({ host: hostId('h2') }));
      return pause(vm);
    };
    assert.deepEqual([then(await v.perform('resume')), v.calls], ['h2', ['pause', 'unpause']]);
    const others = new OneVm();
    others.cloud.pause = async () => {
      others
        .asked('pause', 'lifeboat')
        .is({ host: hostId('h2'), vmState: 'paused' })
        .asked('pause', 'owner');
      return ok(undefined);
    };
    assert.match(then(await others.perform('resume')), /^leave it is on h2 by now/);
  });
  it('performed a second time after it had only paused the VM, it goes on from there', async () => {
    const v = new OneVm();
    await v.ledger.admit('inc-vm/restart/resume', epoch(1), 'a/1');
    v.is({ vmState: 'paused' }).asked('pause', 'lifeboat');
    assert.deepEqual([then(await v.perform('resume', 'b/1')), v.calls], ['h1', ['unpause']]);
  });
  it('goes on where an earlier try of ours had only paused the VM, whatever is to be done now', async () => {
    // long before this order: its answer was never heard; or within the second in which that try was given up
    for (const at of [START - 60_000, START - 2_900])
      for (const [how, calls] of [
        ['resume', ['unpause']],
        ['reboot', ['reboot']],
        ['move', ['unpause']],
      ] as const) {
        const v = new OneVm().is({ vmState: 'paused' }).asked('pause', 'lifeboat', at);
        assert.deepEqual([then(await v.perform(how)), v.calls], ['h1', calls], `${how} ${at}`);
      }
  });
  it('nor does an unpause of ours that Nova did not bring to its end say that somebody wants it paused', async () => {
    const v = new OneVm()
      .is({ vmState: 'paused' })
      .asked('pause', 'lifeboat', START - 60_000)
      .asked('unpause', 'lifeboat', START - 50_000);
    assert.deepEqual([then(await v.perform('resume')), v.calls], ['h1', ['unpause']]);
  });
  it('pauses again where Nova lost the pause of an earlier try', async () => {
    const v = new OneVm().asked('pause', 'lifeboat', START - 2_900);
    assert.deepEqual([then(await v.perform('resume')), v.calls], ['h1', ['pause', 'unpause']]);
  });
  it('one that its owner has paused since an earlier try of ours is his', async () => {
    const v = new OneVm()
      .is({ vmState: 'paused' })
      .asked('unpause', 'lifeboat', START - 60_000)
      .asked('pause', 'owner', START - 50_000);
    assert.deepEqual([then(await v.perform('resume')), v.calls], ['leave Nova has it as paused: somebody wants it so', []]);
  });
});
