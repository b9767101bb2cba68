import { setTimeout as sleep } from 'node:timers/promises';
import type { LifeboatEvent } from '@lifeboat/contracts';
import { cut, hostsOfRack, mend } from './fabric.ts';
import { faultsOf, isTold, type Row, type Seen, type Strike } from './matrix.ts';
import { hostName, portOf } from './places.ts';
import { powerOff, powerStatus } from './power.ts';
import type { NetLab, Standing } from './stack.ts';

const TOLD_MS = 30_000;
const CLOSED_MS = 60_000;
/** What must not come is waited for this long: longer than a session and a verdict take. */
const QUIET_MS = 4_000;
const LEADER_MS = 15_000;
const AFTER_MS = 500;
const MENDED_MS = 60_000;

export interface Exercised {
  readonly row: Row;
  readonly seen: Seen;
  readonly wrong: readonly string[];
  /** From the strike to what was expected. */
  readonly tookMs: number;
}

/** Strikes hosts as one. A rack's feed takes its BMCs along. */
export const strikeHosts = async (lab: NetLab, hosts: readonly number[], racks: readonly number[], s: Strike): Promise<void> => {
  if (s.management === 'down') for (const n of hosts) cut(portOf('host', n));
  if (s.production === 'down') for (const n of hosts) cut(portOf('host', n, 'production'));
  if (s.power === 'on') return;
  for (const r of racks) for (const n of hostsOfRack(r)) lab.bmcFault(n, 'silent', true);
  await Promise.all(hosts.map(powerOff));
};

/** BMCs and cables first; then hosts without power get it. */
export const mendHosts = async (lab: NetLab, hosts: readonly number[], racks: readonly number[], s: Strike): Promise<void> => {
  if (s.power === 'off') for (const r of racks) for (const n of hostsOfRack(r)) lab.bmcFault(n, 'silent', false);
  for (const n of hosts) {
    const lit = powerStatus(n) === 'on';
    mend(portOf('host', n), lit);
    mend(portOf('host', n, 'production'), lit);
  }
  await Promise.all(hosts.filter((n) => powerStatus(n) === 'off').map((n) => lab.powerOn(n)));
};

/** Of these the one that leads; not `besides`, which may believe so. */
export const leaderOf = async (candidates: readonly Standing[], besides?: Standing): Promise<Standing> => {
  for (const end = performance.now() + LEADER_MS; performance.now() < end; ) {
    for (const c of candidates) if (c !== besides && (await c.role()) === 'leading') return c;
    await sleep(20);
  }
  throw new Error(`nobody else leads after ${LEADER_MS} ms`);
};

export interface How {
  /** Whom it befalls where it is one host; 1 when left out. */
  readonly host?: number;
  /** False: it is left as it is, for the lab is done with. */
  readonly mend?: boolean;
}
/** About somebody else: another exercise may go on beside this one. */
const isAbout = (struck: readonly string[]) => (e: LifeboatEvent) => {
  const { host, hosts, from } = e.data as { host?: string; hosts?: readonly string[]; from?: string };
  const named = hosts ?? (host === undefined ? (from === undefined ? [] : [from]) : [host]);
  return named.length === 0 || struck.length === 0 || named.some((h) => struck.includes(h));
};

/** One row of the matrix on the lab, from the strike until everything is whole again. */
export const exercise = async (lab: NetLab, row: Row, how: How = {}): Promise<Exercised> => {
  const victim = how.host ?? 1;
  const from = lab.recorder.events.length;
  const strickenAt = Date.now();
  const monitor = row.scope === 'the monitor itself';
  const racks = row.scope === 'one rack' ? [1] : [];
  const hosts = monitor ? [] : row.scope === 'all hosts' ? lab.hosts : row.scope === 'one rack' ? hostsOfRack(1) : [victim];
  const struck = hosts.map(hostName);
  const events = (): readonly LifeboatEvent[] =>
    lab.recorder.events
      .slice(from)
      .filter((e) => e.time >= strickenAt)
      .filter(isAbout(struck));
  const seen = (): Seen => ({ struck, events: events() });
  const leader = monitor ? await leaderOf(lab.monitors) : null;
  if (leader !== null) strikeMonitor(leader, row.strike);
  else await strikeHosts(lab, hosts, racks, row.strike);
  const limitMs = row.expected.kind === 'evacuate' ? CLOSED_MS : TOLD_MS;
  const told = await lab.recorder
    .untilSo('what was expected', () => isTold(row.expected, seen()), limitMs)
    .then(
      () => true,
      () => false,
    );
  if (leader !== null && row.expected.kind === 'takeover') await leaderOf(lab.monitors, leader);
  const tookMs = Date.now() - strickenAt;
  if (told) await sleep(row.expected.kind === 'evacuate' ? AFTER_MS : QUIET_MS);
  const found = seen();
  const wrong = [
    ...faultsOf(row.expected, found),
    ...lab.guests.doubles.splice(0).map((d) => `a second writer: ${d}`),
    ...lab.nova.doubleEvacuations.splice(0).map((d) => `evacuated twice: ${d}`),
  ];
  if (how.mend === false) return { row, seen: found, wrong, tookMs };
  if (leader === null) await mendHosts(lab, hosts, racks, row.strike);
  else await mendMonitor(leader, row.strike);
  await untilWhole(lab, found, hosts, strickenAt);
  return { row, seen: found, wrong, tookMs };
};

const strikeMonitor = (m: Standing, s: Strike): void => {
  if (s.management === 'down') cut(portOf('monitor', m.number));
  if (s.power === 'off') m.signal('SIGKILL');
};
const mendMonitor = async (m: Standing, s: Strike): Promise<void> => {
  if (s.management === 'down') mend(portOf('monitor', m.number));
  if (s.power === 'off') await m.restart();
};

/** Agents registered, released what was evacuated, nothing open, the monitor sees everybody. */
const untilWhole = async (lab: NetLab, s: Seen, hosts: readonly number[], since: number): Promise<void> => {
  const { recorder } = lab;
  const mendedAt = Date.now();
  const lost = new Set(recorder.of('lifeboat.agent.lost', (e) => e.time >= since).map((e) => e.data.host));
  const back = () => {
    const all = recorder.events.slice(-2_000);
    return [...lost].every((h) => {
      const last = all.findLast((e) => (e.type === 'lifeboat.agent.lost' || e.type === 'lifeboat.agent.registered') && e.data.host === h);
      return last?.type === 'lifeboat.agent.registered';
    });
  };
  await recorder.untilSo('agents are back', back, MENDED_MS);
  const dead = recorder.of('lifeboat.host.isolated', (e) => e.time >= since).map((e) => e.data.host);
  // one that fails a second time is held out for minutes; this lab takes it back by hand
  const quarantined = new Set(recorder.of('lifeboat.host.quarantined', (e) => e.time >= since).map((e) => e.data.host));
  await recorder.untilSo(
    'released',
    () =>
      dead.every(
        (h) => quarantined.has(h) || recorder.of('lifeboat.host.released', (e) => e.data.host === h && e.time >= since).length > 0,
      ),
    MENDED_MS,
  );
  const cleared = () => {
    const diagnosed = s.events.flatMap((e) => (e.type === 'lifeboat.fault.diagnosed' ? [e.data] : []));
    const clusters = diagnosed.flatMap((d) => d.cluster ?? []);
    const back = (cluster: string) =>
      recorder.of('lifeboat.network.cleared', (e) => e.data.cluster === cluster && e.time >= since).length > 0;
    const told = diagnosed.flatMap((d) => (d.cluster === undefined ? d.hosts : []));
    return (
      clusters.every(back) &&
      told.every((h) => recorder.of('lifeboat.fault.cleared', (e) => e.data.host === h && e.time >= since).length > 0 || dead.includes(h))
    );
  };
  await recorder.untilSo('cleared', cleared, MENDED_MS).catch(() => undefined);
  await recorder.until(
    'lifeboat.round.completed',
    (e) => e.time >= mendedAt && e.data.observer === 'sound' && e.data.racks.every((r) => r.dead === 0),
    MENDED_MS,
  );
  if (hosts.length > 0) await lab.home();
};
