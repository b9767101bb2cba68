import { rackId } from '@lifeboat/kernel';
import type { Delivered } from '@lifeboat/ports';
import type { Nova } from '@lifeboat/world';
import type { Scenario } from './scenario.ts';
import type { SimulationChoices, Stage } from './simulate.ts';
import { alpha, type Told } from './stories.ts';
import { busThatAlters, cloudThatReleasesAtOnce, fenceThatKnowsNoMachine, typeOf, withData } from './without.ts';

/**
 * A rule of diagnosis, isolation or release, and how it is switched off from outside. Chance seldom makes what such a rule is
 * there for, so each has a story: true with the rule, and not without it.
 */
export interface VerdictGuard {
  readonly name: string;
  readonly what: string;
  readonly story: () => Scenario & { readonly without: Off; readonly check?: (t: Told) => void };
}
type Off = Pick<SimulationChoices, 'wrap' | 'change'>;

const both = (s: Stage, host = alpha) => {
  s.world.cutManagement(host);
  s.world.cutProduction(host);
};
const monitors = ['node-monitor-1', 'node-monitor-2'];
const region = { ownerStopped: 0, unevacuable: 0, antiAffinityGroups: 0 };
/** At most 3 of 8 hosts at once, and 2 of a cluster's 4. */
const brake = { clusterShare: 0.5, regionShare: 0.4, hosts: 3 };
const four = [1, 2, 5, 6].map((n) => `compute-0${n}` as typeof alpha);
const correlator = (r: Delivered, reader: string, type: string) => reader.includes('fault-correlator') && typeOf(r) === type;

export const verdictGuards: readonly VerdictGuard[] = [
  {
    name: 'observer-cut-off',
    what: 'a monitor that is cut off takes nobody for failed',
    story: () => ({
      healMs: 60_000,
      happens: (s) => {
        s.at(10_000, () => s.world.cutManagement(alpha));
        s.at(19_000, () => {
          for (const m of monitors) s.world.cutObserver(m, true);
        });
        s.at(19_500, () => s.world.cutProduction(alpha));
      },
      story: `
        13 s .. 18 s  fault-correlator  management network failure at compute-01
        24 s .. 40 s  fault-correlator  compute-01 look dead, nothing is done: the observer cannot be trusted
        never  migrator  is proven dead`,
      without: {
        wrap: {
          bus: busThatAlters((r, reader) =>
            correlator(r, reader, 'lifeboat.round.completed') ? withData(r, (d) => ({ ...d, observer: 'sound' })) : r,
          ),
        },
      },
    }),
  },
  {
    name: 'old-evidence',
    what: 'evidence that was not renewed is unknown, never dead',
    story: () => {
      let stuck = false;
      const partition = busThatAlters((r, reader) =>
        stuck && correlator(r, reader, 'lifeboat.node.observed') && r.value.includes(alpha) ? null : r,
      );
      return {
        healMs: 120_000,
        happens: (s) => {
          s.at(10_000, () => s.world.cutManagement(alpha));
          // what the monitor says of this host is stuck on its way; its management network is well again
          s.at(20_000, () => {
            stuck = true;
          });
          s.at(25_000, () => s.world.heal(alpha));
          s.at(60_000, () => {
            s.world.cutProduction(alpha);
            s.world.host(alpha).agentBroken = true;
            s.world.killAgent(alpha);
          });
          s.at(115_000, () => {
            stuck = false;
          });
        },
        more: { wrap: { bus: partition } },
        story: `
          64 s .. 110 s  fault-correlator  what is missing is a probe of the management address
          never  migrator  is proven dead`,
        without: { wrap: { bus: partition }, change: { correlator: { evidenceMaxAgeMs: 3_600_000 } } },
      };
    },
  },
  {
    name: 'rack-together',
    what: 'hosts of a rack that went dark one long after another are no rack without power',
    story: () => ({
      healMs: 150_000,
      happens: (s) => {
        for (const [i, host] of s.world.hostsOfRack(rackId('rack-1')).entries())
          s.at(10_000 + 40_000 * i, () => {
            for (const f of s.world.host(host).fences.values()) f.reachable = false;
            both(s, host);
          });
      },
      story: `
        13 s .. 40 s   fault-correlator  host failure at compute-01
        14 s .. 149 s  migrator          compute-07 could not be isolated
        never  fault-correlator  rack power failure
        never  migrator          rack rule`,
      without: { change: { correlator: { rackTogetherMs: 3_600_000 } } },
    }),
  },
  {
    name: 'brake',
    what: 'more hosts at once than the brake allows are held',
    story: () => ({
      healMs: 60_000,
      more: { region: { ...region, brake } },
      happens: (s) =>
        s.at(10_000, () => {
          for (const h of four) both(s, h);
        }),
      story: `
        13 s .. 40 s  fault-correlator  nothing is done: brake: 4 of 8 hosts of the region at once
        never  migrator  is proven dead`,
      without: { change: { correlator: { brake: { clusterShare: 1, regionShare: 1, hosts: 1_000 } } } },
    }),
  },
  {
    name: 'cut',
    what: 'while others come under suspicion it is not known yet what has failed',
    story: () => ({
      healMs: 60_000,
      more: { region: { ...region, brake } },
      happens: (s) => {
        const last = four[3] as typeof alpha;
        s.at(10_000, () => {
          for (const h of four.slice(0, 3)) both(s, h);
        });
        // only just under suspicion when the others' sessions lapse; a moment later it looks dead, too
        s.at(10_900, () => s.world.cutProduction(last));
        s.at(11_400, () => s.world.cutManagement(last));
      },
      story: `
        13 s .. 40 s  fault-correlator  nothing is done: brake: 4 of 8 hosts of the region at once
        never  migrator  is proven dead`,
      without: { change: { correlator: { cutQuietMs: 0, cutMostMs: 0 } } },
    }),
  },
  {
    name: 'peers-alone',
    what: 'lost probes look like a dead address: what peers say alone must have lasted',
    story: () => ({
      healMs: 60_000,
      happens: (s) => {
        s.at(10_000, () => s.world.cutManagement(alpha));
        s.at(40_000, () => s.world.cutProduction(alpha));
        s.at(44_000, () => {
          s.world.host(alpha).productionLink = true;
          s.world.settleNetworks([alpha]);
        });
      },
      story: `
        13 s .. 18 s  fault-correlator  management network failure at compute-01
        never  fault-correlator  host failure
        never  migrator  is proven dead`,
      without: { change: { correlator: { peersAloneMs: 0 } } },
    }),
  },
  {
    name: 'calm',
    what: 'when a storm ebbs, those that are still missing may be about to come back',
    story: () => ({
      healMs: 60_000,
      more: { region: { ...region, brake } },
      happens: (s) => {
        s.at(10_000, () => {
          for (const h of four) both(s, h);
        });
        for (const [i, h] of four.entries()) s.at(30_000 + 2_000 * i, () => s.world.heal(h));
      },
      story: `
        13 s .. 30 s  fault-correlator  nothing is done: brake: 4 of 8 hosts of the region at once
        30 s .. 50 s  fault-correlator  compute-06 is well again
        never  migrator  is proven dead`,
      without: { change: { correlator: { calmMs: 0 } } },
    }),
  },
  {
    name: 'quarantine',
    what: 'a host that fails again soon is held out longer',
    story: () => ({
      healMs: 260_000,
      happens: (s) => {
        s.at(10_000, () => s.world.powerOff(alpha));
        s.once('lifeboat.incident.closed', () => s.world.powerOn(alpha, 'repaired'));
        s.once('lifeboat.host.released', () => s.at(5_000, () => s.world.powerOff(alpha, 'again')));
      },
      story: `
        30 s .. 150 s  migrator          compute-01 takes VMs again
        40 s .. 170 s  fault-correlator  compute-01 has failed 2 times lately: it must be well for 300.0 s before it is released`,
      without: { change: { correlator: { flaps: { windowMs: 0, firstMs: 0, mostMs: 0 } } } },
    }),
  },
  {
    name: 'clean-first',
    what: 'a returned host is released when Nova has cleaned up after its evacuated VMs, not before',
    story: () => {
      let nova: Nova | null = null;
      return {
        healMs: 150_000,
        happens: (s) => {
          nova = s.nova;
          s.at(10_000, () => s.world.powerOff(alpha));
          s.once('lifeboat.incident.closed', () => {
            s.world.powerOn(alpha, 'repaired');
            // its nova-compute does not start for a while
            for (let ms = 0; ms < 80_000; ms += 500) s.at(ms, () => s.world.killCompute(alpha));
            s.at(81_000, () => s.world.startCompute(alpha));
          });
        },
        story: `
          13 s .. 60 s    scheduler  incident closed
          40 s .. 110 s   scheduler  compute-01 is clean and well
          100 s .. 149 s  migrator   compute-01 takes VMs again`,
        without: { wrap: { cloud: cloudThatReleasesAtOnce(() => nova) } },
      };
    },
  },
  {
    name: 'crash-dump',
    what: 'a host that writes a crash dump is not powered off before that has ended',
    story: () => {
      let dump = '';
      return {
        healMs: 150_000,
        more: { region: { ...region, policy: { kdump: { waitSeconds: 20 }, releaseAfterHealthyMs: 10_000 } } },
        happens: (s) => {
          s.world.onFact((f) => {
            if (f.kind === 'dump' && f.is !== 'said') dump = f.is;
          });
          s.at(10_000, () => s.world.panic(alpha, { firstMs: 12_000, lastsMs: 60_000 }));
        },
        story: `
          22 s .. 36 s  fault-correlator  it writes a crash dump`,
        check: () => {
          if (dump !== 'ended') throw new Error(`the dump: ${dump}`);
        },
        without: {
          wrap: {
            bus: busThatAlters((r, reader) =>
              correlator(r, reader, 'lifeboat.node.observed')
                ? withData(r, (d) => ({ ...d, signals: { ...(d['signals'] as object), dump: undefined } }))
                : r,
            ),
          },
        },
      };
    },
  },
  {
    name: 'whose-bmc',
    what: "a BMC that is another host's is never used",
    story: () => ({
      healMs: 90_000,
      more: { region: { ...region, powerStrips: false } },
      happens: (s) => {
        const beta = four[1] as typeof alpha;
        for (const f of s.world.host(alpha).fences.values()) f.wiredTo = beta;
        for (const f of s.world.host(beta).fences.values()) f.wiredTo = alpha;
        s.at(20_000, () => both(s));
      },
      story: `
        23 s .. 40 s  migrator  compute-01 could not be isolated
        never  migrator  is proven dead`,
      without: { wrap: { fence: fenceThatKnowsNoMachine } },
    }),
  },
];
