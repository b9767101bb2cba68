/** What a figure file exports. */
export interface Figure {
  readonly value: string;
  readonly asked: string;
  readonly met: boolean;
}
export type RunFigure = (options: { readonly full: boolean }) => Promise<Figure>;

export interface Listed {
  readonly name: string;
  readonly shows: string;
  readonly quick: string;
  readonly full: string;
  /** Beside this file; loaded only when asked for. */
  readonly file: string;
}

const planner = (name: string, shows: string, quick: string, full: string): Listed => ({
  name,
  shows,
  quick,
  full,
  file: `./planner/${name}.ts`,
});
const here = (name: string, shows: string, quick: string, full: string): Listed => ({ name, shows, quick, full, file: `./${name}.ts` });

export const figures: readonly Listed[] = [
  here('main-job', 'a host of a real OpenStack is killed by power: kill → last VM verified on its new host', '1 run', '5 runs'),
  here(
    'truest-run',
    'nothing simulated: Nova with libvirt, guests on shared storage, IPMI; guests twice, lost or damaged',
    'one power cut, one drain alive, 4 min',
    'held locks, a lying fence device, no locks at all: 9 min',
  ),
  here('evacuate-vs-script', 'evacuation of 10 and 40 VMs against a bare script that posts the calls', '10 VMs', '10 and 40 VMs'),
  here(
    'kill-each-service',
    'kill -9 of each service in the middle of an evacuation: outcome, VMs started twice, VMs forgotten',
    '1',
    'all',
  ),
  here('sim-violations', 'broken safety rules over seeds of the simulated region, with faults in everything', '45 s', '5,000 seeds'),
  here(
    'vm-faults',
    'real guests that crash, hang, are paused by their disks: told as what, mended how, back after how long',
    '50 s',
    'more kinds',
  ),
  here('guards-matter', 'each guard switched off: how many seeds then break a safety rule', '45 s', '2,000 seeds a guard'),
  here(
    'watcher-scale',
    'one agent-watcher with a large registry: memory, event-loop delay, false losses and verdicts while everything stands still in turn',
    '2,000 hosts, 50 s',
    '10,000 hosts, 10 min soak',
  ),
  here(
    'detect-rack',
    'a rack of 40 among 2,000 agents loses its power: agents lost and rack confirmed, against the session timeout',
    '40 s',
    '3 runs',
  ),
  here(
    'verdict-matrix',
    'management × production × power of a host, a rack, all hosts, the monitor: each verdict with its evidence',
    'simulated, two rows on real networks',
    'all rows on real networks too, 10 min',
  ),
  here('detect-host', 'power cut → fault.confirmed, on real ZooKeeper, networks and BMCs', '3 hosts', '7 hosts'),
  here(
    'monitor-takeover',
    'the leading node-monitor is killed or paused: how long until the standby leads',
    '4 times',
    '18 times, and zombies',
  ),
  here(
    'fence-faults',
    'everything that can be wrong with a fence device, on real BMCs: what is told, and whether it is true',
    '1 round',
    '3 rounds',
  ),
  here('confirm-fuzz', 'answers by text, mail and webhook whose truth is known: false yes, crashes', '100,000 inputs', '1,240,000 inputs'),
  here('idle-cost', 'CPU and memory of all services with 1,000 agents registered and nothing going on', '50 s', '3 min'),
  here(
    'confirm-end-to-end',
    'a cluster that asks, on Postfix, Dovecot and an SMS centre: power cut → mail and SMS → reply → all VMs back',
    'a simulated region',
    'a real OpenStack',
  ),
  here(
    'confirm-races',
    'answers, returns and changed plans in every order, through the real decisions: wrong outcomes',
    '960 orders',
    '40,320',
  ),
  planner('plan-speed', 'a rack loss planned, against filter-and-weigh in the same run', '25 s', '1 min'),
  planner('plan-scale', 'how planning time grows with VMs and with hosts: the fitted exponents', '20 s', '1 min'),
  planner('plan-quality', 'VMs placed, against committed optima and exact bounds', '10 s', '1 min'),
  planner('plan-spread', 'rack spread of business types, against the exact lower bound', '10 s', '1 min'),
  planner('plan-safety', 'random plans under an independent checker: rules broken', '20 s', '100,000 plans'),
  planner('survivability', 'what-if answers for every host and rack of a region', '20 s', '1 min'),
  planner('fleet-memory', 'memory of the fleet model', '20 s', '1 min'),
];
