import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { prober } from '@lifeboat/adapters-probe';
import { proberContract } from '@lifeboat/ports/prober.contract';

// A network of its own, where 10.77.0.0/16 swallows what is sent to it: silence without a packet leaving the machine.
const INSIDE = 'LIFEBOAT_TEST_IN_NETWORK';
if (process.env[INSIDE] === undefined) {
  const setUp =
    'ip link set lo up && ip link add d0 type veth peer name d1 && ip addr add 10.77.0.1/16 dev d0 && ip link set d0 arp off up && ip link set d1 up && exec "$0" --test-reporter=spec "$1"';
  it('probers, in a network of their own', { timeout: 60_000 }, () => {
    const env: NodeJS.ProcessEnv = { ...process.env, [INSIDE]: '1' };
    delete env.NODE_TEST_CONTEXT;
    const ran = spawnSync('unshare', ['--net', 'sh', '-c', setUp, process.execPath, fileURLToPath(import.meta.url)], {
      env,
      encoding: 'utf8',
    });
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  });
} else inside();

function inside() {
  const servers: Server[] = [];
  const listen = async (address: string) => {
    const server = createServer((s) => s.destroy());
    await new Promise<void>((r) => server.listen(2222, address, r));
    servers.push(server);
  };
  after(() => servers.forEach((s) => void s.close()));

  proberContract('ICMP and TCP', async () => ({
    prober: prober({ icmp: true, tcpPorts: [2222] }),
    answering: ['10.77.0.1', '127.0.14.1'],
    silent: ['10.77.0.2', '10.77.3.4'],
    close: async () => undefined,
  }));
  proberContract('ICMP alone', async () => ({
    prober: prober({ icmp: true, tcpPorts: [] }),
    answering: ['10.77.0.1'],
    silent: ['10.77.0.2'],
    close: async () => undefined,
  }));
  proberContract('TCP alone, a reset counts as dead', async () => {
    await listen('127.0.14.1');
    return {
      prober: prober({ icmp: false, tcpPorts: [2222], refusedIsAlive: false }),
      answering: ['127.0.14.1'],
      silent: ['127.0.14.2'],
      close: async () => undefined,
    };
  });

  describe('prober', () => {
    it('takes a reset for a sign of life unless told otherwise', async () => {
      const reach = await prober({ icmp: false, tcpPorts: [9] }).reach(['127.0.14.2'], 1_000);
      assert.deepEqual(reach.get('127.0.14.2'), { alive: true, detail: 'TCP 9 ECONNREFUSED' });
    });
    it('calls nobody dead when fping cannot run, and says that it is not fit', async () => {
      const blind = prober({ icmp: true, tcpPorts: [2222], fping: 'fping-nowhere' });
      const reach = await blind.reach(['10.77.0.2', '127.0.0.1'], 600);
      assert.deepEqual([...reach.keys()], ['127.0.0.1']);
      assert.match((await blind.unfitBecause()) ?? '', /fping-nowhere: not installed/);
    });
    it('calls nobody dead when there is no route to anywhere', async () => {
      const cut = prober({ icmp: false, tcpPorts: [2222] });
      assert.equal((await cut.reach(['192.0.2.9'], 600)).size, 0);
      assert.match((await cut.unfitBecause()) ?? '', /ENETUNREACH/);
    });
    it('is not fit without its link or its gateway', async () => {
      assert.match((await prober({ icmp: true, tcpPorts: [], links: ['eno99'] }).unfitBecause()) ?? '', /no network link eno99/);
      assert.match(
        (await prober({ icmp: true, tcpPorts: [], gateway: '10.77.0.2' }).unfitBecause()) ?? '',
        /gateway 10\.77\.0\.2 does not answer/,
      );
      assert.match((await prober({ icmp: true, tcpPorts: [], gateway: 'default' }).unfitBecause()) ?? '', /no default gateway/);
      assert.equal(await prober({ icmp: true, tcpPorts: [], gateway: '10.77.0.1' }).unfitBecause(), null);
    });
    it('looks at 3,000 addresses in one call', async () => {
      const alive = Array.from({ length: 3_000 }, (_, i) => `127.1.${i >> 8}.${i & 255}`);
      const began = performance.now();
      const reach = await prober({ icmp: true, tcpPorts: [] }).reach([...alive, '10.77.0.2'], 4_000);
      console.log(`3,001 addresses: ${Math.round(performance.now() - began)} ms`);
      assert.equal([...reach.values()].filter((r) => r.alive).length, 3_000);
    });
  });
}
