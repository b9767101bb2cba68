import { defaultClusterPolicy } from '@lifeboat/contracts';
import { type FaultKind, type FaultMix, faultsFor } from '@lifeboat/world';
import { OPERATOR } from './persons.ts';
import type { SimulationChoices } from './simulate.ts';
import {
  busThatAlters,
  cloudThatDoesNotForceDown,
  cloudThatSeesVmsUntouched,
  cloudThatSurveysOnce,
  cloudWithoutActs,
  cloudWithoutRecords,
  fenceThatOnlySaysSo,
  leaseForEver,
  ledgerThatAlwaysAdmits,
  renumbered,
  storeInTwoWrites,
  storeThatLoses,
  storeWithoutEpochs,
  typeOf,
  withData,
} from './without.ts';

/** Something that keeps a run safe, and how it is switched off from outside: nothing in the services knows of it. */
export interface Guard {
  readonly name: string;
  readonly what: string;
  /** Faults that this guard is there for: they are on in each of its runs, beside the seed's own. */
  readonly faults: Partial<Record<FaultKind, number>>;
  /** Few seeds are needed to catch its absence: tried first where time is short, from the seed on that last did. */
  readonly soon?: number;
  /** Needs clusters that ask a person. */
  readonly asking?: true;
  /** Made anew for each run: what stands in an adapter's place may remember things. */
  readonly without: () => Pick<SimulationChoices, 'wrap' | 'change' | 'wrapWithSleep'>;
}

const crashes = { 'service-crash': 1, 'host-power': 1 } as const;
const stalls = { 'service-stall': 1, 'service-crash': 0.5, 'host-power': 1 } as const;

export const guards: readonly Guard[] = [
  {
    name: 'isolation',
    soon: 1,
    what: 'only power read back as off is a proof of death',
    faults: { 'both-links': 1 },
    without: () => ({ wrap: { fence: fenceThatOnlySaysSo() } }),
  },
  {
    name: 'peers',
    soon: 2,
    what: 'a host that its peers see on the production network is not dead',
    faults: { 'management-link': 1 },
    without: () => ({ wrap: { bus: busThatAlters((r, reader) => (reader.includes('fault-correlator') ? halfUnseen(r) : r)) } }),
  },
  {
    name: 'look-and-ledger',
    soon: 11,
    what: 'before each call the VM is looked at and the operation admitted once',
    faults: crashes,
    without: () => ({ wrap: { cloud: cloudThatSeesVmsUntouched(), ledger: ledgerThatAlwaysAdmits } }),
  },
  {
    name: 'look',
    what: 'before each call the VM is looked at: is it still there, is it untouched',
    faults: { ...crashes, 'api-timeouts': 1 },
    without: () => ({ wrap: { cloud: cloudThatSeesVmsUntouched() } }),
  },
  {
    name: 'ledger',
    what: 'an operation is admitted once; admitted before = look again first',
    faults: stalls,
    without: () => ({ wrap: { ledger: ledgerThatAlwaysAdmits } }),
  },
  {
    name: 'records',
    what: "Nova's migration record is the truth about an evacuation",
    faults: { 'rebuild-fails': 1, 'api-timeouts': 1, 'host-power': 1 },
    without: () => ({ wrap: { cloud: cloudWithoutRecords } }),
  },
  {
    name: 'last-survey',
    what: 'before an incident is closed its hosts are looked at once more',
    faults: { 'host-power': 1, 'rack-power': 0.5, 'rebuild-fails': 1 },
    without: () => ({ wrap: { cloud: cloudThatSurveysOnce() } }),
  },
  {
    name: 'shut-out',
    what: 'a dead host is forced down and disabled in Nova before anything moves',
    faults: { 'host-power': 1, 'early-return': 1, 'power-returns': 1 },
    without: () => ({ wrap: { cloud: cloudThatDoesNotForceDown } }),
  },
  {
    name: 'epochs-at-the-store',
    what: 'the store refuses writes of an older leader',
    faults: stalls,
    without: () => ({ wrap: { store: storeWithoutEpochs() } }),
  },
  {
    name: 'lease',
    what: 'a leader stops by its own clock before another can begin',
    faults: stalls,
    without: () => ({ wrap: { registry: leaseForEver } }),
  },
  {
    name: 'lease-and-epochs',
    soon: 1,
    what: 'lease and epochs together: either may fail alone',
    faults: stalls,
    without: () => ({ wrap: { registry: leaseForEver, store: storeWithoutEpochs(), ledger: ledgerThatAlwaysAdmits } }),
  },
  {
    name: 'one-write',
    what: 'what was read and what follows from it are stored in one write',
    faults: crashes,
    without: () => ({ wrapWithSleep: (sleep) => ({ store: storeInTwoWrites(sleep) }) }),
  },
  {
    name: 'owed-acts',
    soon: 2,
    what: 'acts decided on are stored until they are done',
    faults: crashes,
    without: () => ({ wrap: { store: storeThatLoses('@owed') } }),
  },
  {
    name: 'outbox',
    what: 'events decided on are stored until they are published',
    faults: { ...crashes, 'bus-away': 1 },
    without: () => ({ wrap: { store: storeThatLoses('@outbox') } }),
  },
  {
    name: 'positions',
    what: 'where a reader stands is stored (what is read again is recognised by its sequence)',
    faults: crashes,
    without: () => ({ wrap: { store: storeThatLoses('@positions') } }),
  },
  {
    name: 'positions-and-seen',
    soon: 5,
    what: 'where a reader stands and what it has seen are stored: either may be lost alone',
    faults: crashes,
    without: () => ({ wrap: { store: storeThatLoses('@positions', '@seen') } }),
  },
  {
    name: 'second-deliveries',
    what: 'an event delivered twice is recognised by its sequence',
    faults: { 'event-duplicate': 1, 'service-crash': 1, 'host-power': 1, 'early-return': 1 },
    without: () => {
      const next = renumbered();
      return { wrap: { bus: busThatAlters((r) => next(r)) } };
    },
  },
  {
    name: 'brake',
    what: 'more hosts than the brake allows at once: hold everything',
    faults: { 'observer-cut-unknowing': 1, 'registry-away': 1, 'production-switch': 1, 'management-switch': 1 },
    without: () => ({ change: { correlator: { brake: { clusterShare: 1, regionShare: 1, hosts: 1_000 } } } }),
  },
  {
    name: 'acts-of-others',
    soon: 1,
    what: 'a failed VM is not restarted when its owner has stopped or restarted it since',
    faults: { 'owner-stops-it': 1, 'owner-restarts': 1 },
    without: () => ({ wrap: { cloud: cloudWithoutActs } }),
  },
  {
    name: 'consent',
    soon: 1,
    what: 'in a cluster that asks, nothing is evacuated without a yes',
    faults: { 'host-power': 1 },
    asking: true,
    without: () => ({ change: { scheduler: { policyOf: () => defaultClusterPolicy } } }),
  },
  {
    name: 'who-answers',
    soon: 3,
    what: 'an answer counts when a contact sent it, whoever has the code',
    faults: { 'host-power': 1 },
    asking: true,
    without: () => ({ change: { notifier: { people: everybody } } }),
  },
];

/** A stranger passes for the operator. */
const everybody = new Map([
  [OPERATOR.name, OPERATOR],
  ['stranger', { name: OPERATOR.name, email: 'stranger@example.org', phone: '+15550199' }],
]);

/** Nobody sees the hosts with odd numbers any more; the others are needed to believe what is seen. */
const halfUnseen = (r: Parameters<typeof withData>[0]) => {
  if (!typeOf(r).startsWith('lifeboat.agent.re')) return r;
  const unseen = (p: { peer: string }) => (/[13579]$/.test(p.peer) ? { ...p, production: 'dead' } : p);
  return withData(r, (data) => (Array.isArray(data['peers']) ? { ...data, peers: data['peers'].map(unseen) } : data));
};

export function guardNamed(name: string): Guard {
  const guard = guards.find((g) => g.name === name);
  if (guard === undefined) throw new Error(`no guard '${name}'; there are ${guards.map((g) => g.name).join(', ')}`);
  return guard;
}

/** A run of this seed without the guard, and with the faults that it is there for. */
export const withoutGuard = (guard: Guard, seed: number): SimulationChoices => ({
  ...keptGuard(guard, seed),
  ...guard.without(),
});

/** The same run with the guard on. */
export const keptGuard = (guard: Guard, seed: number): SimulationChoices => ({
  seed,
  faults: faultsAgainst(guard, seed),
  ...(guard.asking === true ? { asking: true } : {}),
});

/** The same faults with the guard on: what must hold. */
export const faultsAgainst = (guard: Guard, seed: number): FaultMix => {
  const own = faultsFor(seed);
  return { strength: { ...own.strength, ...guard.faults }, everyMs: Math.min(own.everyMs, 12_000) };
};
