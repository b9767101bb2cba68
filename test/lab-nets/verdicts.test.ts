import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { exercise } from './exercise.ts';
import { evidenceOf, placeOf, rows, type Scope, type Strike, wordsOf } from './matrix.ts';
import { type NetLab, upNetLab } from './stack.ts';
import { zombieIsolation } from './zombies.ts';

const strike = (management: 'up' | 'down', production: 'up' | 'down', power: 'on' | 'off' = 'on'): Strike => ({
  management,
  production,
  power,
});
/** Those that an error would cost most: each looks dead to somebody. All 32: npm run figure -- verdict-matrix --full. */
const telling: [scope: Scope, strike: Strike][] = [
  ['one host', strike('down', 'up')],
  ['one host', strike('down', 'down')],
  ['one rack', strike('down', 'down')],
  ['one rack', strike('up', 'up', 'off')],
  ['all hosts', strike('up', 'down')],
  ['the monitor itself', strike('down', 'up')],
];

describe('what really failed: two real networks, hosts with sshd and BMC, real servers', { timeout: 400_000 }, () => {
  let lab: NetLab;
  before(async () => {
    lab = await upNetLab({ migrators: 2, leaseMs: 1_000, say: (l) => console.log(l) });
  });
  after(async () => {
    await lab?.down();
  });

  for (const row of rows.filter((r) => telling.some(([scope, s]) => r.scope === scope && JSON.stringify(r.strike) === JSON.stringify(s))))
    it(`${placeOf(row)}: ${wordsOf(row.expected)}`, async () => {
      const x = await exercise(lab, row);
      console.log(`${wordsOf(row.expected)} after ${(x.tookMs / 1000).toFixed(1)} s: ${evidenceOf(x.seen)}`);
      assert.deepEqual(x.wrong, []);
    });

  it('monitor and migrator are paused in the middle of an isolation: others carry it through, and the zombies do nothing', async () => {
    // a host that has not failed yet: one that fails again is held out for long
    const z = await zombieIsolation(lab, 3);
    console.log(
      `taken over after ${z.monitorMs} ms (monitor) and ${z.migratorMs} ms (migrator); ${z.before} orders, ${z.after} by zombies`,
    );
    assert.deepEqual([z.outcome, z.after, z.power, z.doubles], ['evacuated', 0, 'on', []]);
    assert.ok(z.before >= 1 && z.before <= 2, `${z.before} orders to power off`);
  });
});
