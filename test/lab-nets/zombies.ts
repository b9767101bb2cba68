import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readOr } from '../lab-hosts/places.ts';
import { leaderOf } from './exercise.ts';
import { cut, mend } from './fabric.ts';
import { hostName, labDir, portOf } from './places.ts';
import { powerStatus } from './power.ts';
import type { NetLab } from './stack.ts';

const LIMIT_MS = 60_000;
/** The zombies have time to do what they had in hand. */
const AWAKE_MS = 4_000;

export interface Zombies {
  /** From the pause to the next leader: of the monitor, of the migrator. */
  readonly monitorMs: number;
  readonly migratorMs: number;
  /** Orders to power off that reached the BMC: before the zombies woke up, and after. */
  readonly before: number;
  readonly after: number;
  readonly outcome: string;
  /** Of the host that was released and is in service again, once the zombies are awake. */
  readonly power: 'on' | 'off';
  readonly doubles: readonly string[];
}

const orders = (n: number): number =>
  readOr(join(labDir, `bmc-${n}`, 'chassis.log'), '')
    .split('\n')
    .filter((l) => / set power 0/.test(l)).length;

/**
 * Both leaders, of monitor and migrator, are paused in the middle of an isolation; their successors carry it through, the
 * host comes back and is released; then the two wake up, with the isolation still in hand.
 */
export const zombieIsolation = async (lab: NetLab, n: number): Promise<Zombies> => {
  const { recorder } = lab;
  const from = Date.now();
  const earlier = orders(n);
  const [monitor, migrator] = await Promise.all([leaderOf(lab.monitors), leaderOf(lab.migrators)]);
  // the look before the order takes a second: that is when the pause comes
  lab.bmcFault(n, 'slow', 1);
  cut(portOf('host', n));
  cut(portOf('host', n, 'production'));
  await recorder.until('lifeboat.isolation.requested', (e) => e.time >= from && e.data.host === hostName(n), LIMIT_MS);
  await sleep(300);
  for (const z of [monitor, migrator]) z.signal('SIGSTOP');
  const pausedAt = performance.now();
  const since = (what: Promise<unknown>) => what.then(() => Math.round(performance.now() - pausedAt));
  const [monitorMs, migratorMs] = await Promise.all([
    since(leaderOf(lab.monitors, monitor)),
    since(leaderOf(lab.migrators, migrator)),
    sleep(500).then(() => lab.bmcFault(n, 'slow', false)),
  ]);
  const closed = await recorder.until(
    'lifeboat.incident.closed',
    (e) => e.time >= from && e.data.hosts.some((h) => h === hostName(n)),
    LIMIT_MS,
  );
  mend(portOf('host', n), false);
  mend(portOf('host', n, 'production'), false);
  await lab.powerOn(n);
  await recorder.until('lifeboat.host.released', (e) => e.time >= from && e.data.host === hostName(n), LIMIT_MS);
  const before = orders(n) - earlier;
  for (const z of [monitor, migrator]) z.signal('SIGCONT');
  await sleep(AWAKE_MS);
  return {
    monitorMs,
    migratorMs,
    before,
    after: orders(n) - earlier - before,
    outcome: closed.data.outcome,
    power: powerStatus(n),
    doubles: [...lab.guests.doubles.splice(0), ...lab.nova.doubleEvacuations.splice(0)],
  };
};
