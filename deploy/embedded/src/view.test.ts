import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { VirtualClock } from '@lifeboat/adapters-memory';
import { after, type HostId, rackId } from '@lifeboat/kernel';
import { region, simulatedRegion } from '@lifeboat/world';
import { act, busiestHost } from './faults.ts';
import { servePage } from './page-server.ts';
import { EmbeddedRegion } from './region.ts';
import { screen } from './terminal.ts';
import { type RegionSnapshot, RegionView } from './view.ts';

/** A small region in which two of the first host's VMs cannot move and one is stopped, at rest. */
async function settled({ asking = false, hosts = 8, vms = 32 } = {}) {
  const clock = new VirtualClock();
  const policy = { releaseAfterHealthyMs: 10_000, ...(asking ? { automation: 'manual' as const } : {}) };
  const built = region({
    ...simulatedRegion,
    hosts,
    vms,
    ownerStopped: 0.15,
    unevacuable: 0.15,
    policy,
    brake: { clusterShare: 0.6, regionShare: 0.6 },
  });
  const r = new EmbeddedRegion({ clock, region: built, seed: 1, replicas: 2, sessionTimeoutMs: 4_000, onEvent: (e) => view.observe(e) });
  const view: RegionView = new RegionView(r);
  r.start();
  const pass = (ms: number) => clock.runUntil(after(clock.now(), ms));
  await pass(10_000);
  return { r, view, pass, newest: () => view.snapshot().works[0] as RegionSnapshot['works'][number] };
}
const hostsOf = (r: EmbeddedRegion) => [...r.world.hosts.keys()] as HostId[];
const numbers = (text: string) => [...text.matchAll(/\d+(?= of| {2}moved, stopped| moved, stopped| not evacuated)/g)].map(Number);

describe('what the page and the terminal tell', () => {
  it('a rack fails: every VM is counted once, what stays is asked about, nothing of it looks well', async () => {
    const { r, view, pass, newest } = await settled({ hosts: 15 });
    assert.equal(act(r, 'fail-rack', 'rack-1'), null);
    await pass(12_000);
    assert.match(newest().what, /^rack power failure · rack-1, \d hosts$/);
    assert.match(newest().done, /hosts proven dead by rack rule/);
    assert.equal(newest().is, 'open');
    await pass(90_000);
    const { done, asked, is, bar } = newest();
    const [seen = 0, stopped = 0, left = 0] = numbers(done);
    const all = Number(/of (\d+) VMs/.exec(done)?.[1]);
    assert.ok(left > 0 && stopped > 0, done);
    assert.equal(seen + stopped + left, all, done);
    assert.match(done, /NOT all evacuated, after [\d.]+ s/);
    assert.match(asked, new RegExp(`^needs you: ${left} VMs? stays? on compute-`));
    assert.equal(is, 'asks');
    assert.ok(Math.abs(bar.verified + bar.left - 1) < 1e-9, JSON.stringify(bar));
    assert.equal(
      view
        .snapshot()
        .racks.find((x) => x.rack === rackId('rack-1'))
        ?.hosts.every((h) => h.phase === 'kept out'),
      true,
    );
  });

  it('what finds no room is asked about while the incident is open', async () => {
    const { r, pass, newest } = await settled();
    act(r, 'fail-rack', 'rack-1');
    await pass(60_000);
    assert.match(newest().asked, /^waits for capacity: /);
    assert.equal(newest().is, 'asks');
  });

  it('where a person must choose, that is what is asked', async () => {
    const { r, pass, newest } = await settled({ asking: true });
    act(r, 'fail-host', busiestHost(r) ?? '');
    await pass(30_000);
    assert.match(newest().asked, /^waits for (person|confirmation): ./);
    assert.equal(newest().is, 'asks');
  });

  it('a drained host is asked to be released, until it is', async () => {
    const { r, pass, newest } = await settled();
    const host = hostsOf(r).find((h) => r.nova.world.runningOn(h).length > 0) ?? ('' as HostId);
    assert.equal(act(r, 'drain-host', host), null);
    await pass(240_000);
    assert.match(newest().done, /^\d+ of \d+ VMs moved away/);
    assert.match(newest().asked, new RegExp(`${host} takes no VMs until it is released`));
    act(r, 'release-host', host);
    await pass(60_000);
    assert.doesNotMatch(newest().asked, /until it is released/);
  });

  it('the terminal never draws more than fits, however narrow', async () => {
    const { r, view, pass } = await settled();
    act(r, 'fail-rack', 'rack-1');
    await pass(100_000);
    for (const [rows, columns] of [
      [24, 80],
      [10, 40],
      [50, 160],
    ] as const) {
      const lines = screen(view, 'http://127.0.0.1:8080/', rows, columns).split('\n').map(stripVTControlCharacters);
      assert.ok(lines.length < rows, `${lines.length} lines on ${rows}`);
      for (const l of lines) assert.ok([...l].length < columns, l);
    }
    const drawn = stripVTControlCharacters(screen(view, '', 24, 80));
    assert.match(drawn, /q quit$/m);
    assert.match(drawn, /^ {2}■ well .* b boots$/m);
    assert.match(drawn, /^ {2}\[.*\] rack power failure · rack-1, 3 hosts$/m);
    assert.match(drawn, /^ {4}waits for capacity: /m);
  });
});

describe('the page', () => {
  it('serves its files and the region, and refuses nonsense in words', async () => {
    const { r, view } = await settled();
    const page = await servePage(r, view, 0);
    try {
      for (const [path, type] of [
        ['', 'text/html'],
        ['page.js', 'text/javascript'],
        ['page.css', 'text/css'],
        ['api/region', 'application/json'],
      ] as const) {
        const answer = await fetch(page.url + path);
        assert.equal(answer.status, 200);
        assert.match(answer.headers.get('content-type') ?? '', new RegExp(`^${type}`));
      }
      const post = async (body: object) => {
        const answer = await fetch(`${page.url}api/act`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        return { status: answer.status, text: await answer.text() };
      };
      const unknown = await post({ action: 'explode', target: 'compute-01' });
      assert.equal(unknown.status, 400);
      assert.match(unknown.text, /'explode' is not known; one of fail-host/);
      assert.match((await post({ action: 'fail-host', target: 'nowhere' })).text, /there is no host 'nowhere' in region sim/);
      assert.equal((await post({ action: 'fail-host', target: hostsOf(r)[0] })).status, 200);
    } finally {
      await page.close();
    }
  });
});
