import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { proberContract } from '@lifeboat/ports/prober.contract';
import { peersView, SimPeerProber, SimProber, SimShell, SimVmSource } from './looking.ts';
import { driven, smallWorld } from './testing.ts';

const bench = () => {
  const s = smallWorld();
  const address = (n: number) => s.world.host(s.host(n)).spec.managementAddress;
  const production = (n: number) => s.world.host(s.host(n)).spec.productionAddress;
  return { ...s, address, production };
};

proberContract('simulated', async () => {
  const b = bench();
  const prober = new SimProber(b.world, { observer: 'node-monitor-1' });
  b.world.powerOff(b.host(2));
  return {
    prober: { reach: (addresses, limit) => driven(b.clock, prober.reach(addresses, limit)), unfitBecause: () => prober.unfitBecause() },
    answering: [b.address(0), b.address(1)],
    silent: [b.address(2), '10.9.9.9'],
    close: () => b.world.close(),
  };
});

describe('SimProber', () => {
  it('sees who answers on the management network, and waits the whole limit for who does not', async () => {
    const b = bench();
    const prober = new SimProber(b.world, { observer: 'node-monitor-1' });
    b.world.cutManagement(b.host(1));
    const seen = await driven(b.clock, prober.reach([b.address(0), b.address(1), b.production(0), '10.9.9.9'], 2_000));
    assert.deepEqual(
      [...seen.values()].map((r) => r.alive),
      [true, false, false, false],
    );
    assert.equal(b.clock.monotonic(), 2_000);
  });
  it('sees nobody when it is cut off, and says so only if it can tell', async () => {
    const b = bench();
    const prober = new SimProber(b.world, { observer: 'node-monitor-1' });
    assert.equal(await prober.unfitBecause(), null);
    b.world.cutObserver('node-monitor-1', false);
    assert.equal((await driven(b.clock, prober.reach([b.address(0)], 1_000))).get(b.address(0))?.alive, false);
    assert.equal(await prober.unfitBecause(), null);
    b.world.cutObserver('node-monitor-1', true);
    assert.match((await prober.unfitBecause()) ?? '', /carrier/);
    assert.match((await new SimProber(b.world, { observer: 'node-monitor-1.2' }).unfitBecause()) ?? '', /carrier/, 'its next life, too');
    assert.equal(await new SimProber(b.world, { observer: 'node-monitor-2' }).unfitBecause(), null);
  });
  it('loses a probe now and then when told to', async () => {
    const b = bench();
    b.world.probeLoss = 0.5;
    const prober = new SimProber(b.world, { observer: 'm' });
    let lost = 0;
    for (let i = 0; i < 100; i++) if ((await driven(b.clock, prober.reach([b.address(0)], 100))).get(b.address(0))?.alive === false) lost++;
    assert.ok(lost > 25 && lost < 75, `${lost}`);
  });
});

describe('SimPeerProber', () => {
  it('sees peers over the production network only', async () => {
    const b = bench();
    const prober = new SimPeerProber(b.world, b.host(0));
    b.world.cutManagement(b.host(1));
    b.world.cutProduction(b.host(2));
    const seen = await driven(b.clock, prober.reach([b.production(1), b.production(2), b.address(3)], 500));
    assert.deepEqual(
      [...seen.values()].map((r) => r.alive),
      [true, false, false],
    );
    assert.deepEqual(
      peersView(b.world, b.host(0), [b.host(1), b.host(2)]).map((p) => p.production),
      ['alive', 'dead'],
    );
    b.world.cutProduction(b.host(0));
    assert.match((await prober.unfitBecause()) ?? '', /production/);
  });
});

describe('SimShell', () => {
  it('logs in where the host answers, and restarts an agent', async () => {
    const b = bench();
    const shell = new SimShell(b.world, { observer: 'node-monitor-1' });
    b.world.killAgent(b.host(0));
    assert.equal((await driven(b.clock, shell.login(b.address(0)))).ok, true);
    assert.equal(b.world.host(b.host(0)).agent, false);
    assert.equal((await driven(b.clock, shell.restartAgent(b.address(0)))).ok, true);
    assert.equal(b.world.host(b.host(0)).agent, true);
    b.world.powerOff(b.host(1));
    const dead = await driven(b.clock, shell.restartAgent(b.address(1)));
    assert.equal(dead.ok ? 'ok' : dead.code, 'SSH_UNREACHABLE');
    b.world.killAgent(b.host(2));
    b.world.host(b.host(2)).agentBroken = true;
    const broken = await driven(b.clock, shell.restartAgent(b.address(2)));
    assert.equal(broken.ok ? 'ok' : broken.code, 'COMMAND_FAILED');
    assert.equal(b.world.host(b.host(2)).agent, false);
  });
});

describe('SimVmSource', () => {
  it('says what really runs there, and calls when that changes', async () => {
    const b = bench();
    const source = new SimVmSource(b.world, b.host(0));
    const vm = b.firstVmOn(0);
    let calls = 0;
    const stop = source.onChange(() => calls++);
    const states = async () => {
      const seen = await source.vms();
      return seen.ok ? seen.value.filter((r) => r.vm === vm).map((r) => r.state) : seen.code;
    };
    assert.deepEqual(await states(), ['running']);
    b.world.ailVm(vm, 'io-error');
    assert.deepEqual(await states(), ['io-error']);
    b.world.crashVm(vm);
    assert.deepEqual(await states(), ['crashed']);
    assert.equal(calls, 2);
    stop();
    b.world.startCopy(vm, b.host(0), 'test');
    assert.equal(calls, 2);
    b.world.host(b.host(0)).libvirtAnswers = false;
    assert.equal(await states(), 'VMS_UNREADABLE');
  });
});
