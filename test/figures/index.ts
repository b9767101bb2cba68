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
  here('evacuate-vs-script', 'evacuation of 10 and 40 VMs against a bare script that posts the calls', '10 VMs', '10 and 40 VMs'),
  here(
    'kill-each-service',
    'kill -9 of each service in the middle of an evacuation: outcome, VMs started twice, VMs forgotten',
    '1',
    'all',
  ),
  here('sim-violations', 'broken safety rules over seeds of the simulated region, with faults in everything', '45 s', '5,000 seeds'),
  here('guards-matter', 'each guard switched off: how many seeds then break a safety rule', '45 s', '2,000 seeds a guard'),
  here('idle-cost', 'CPU and memory of all services with 1,000 agents registered and nothing going on', '50 s', '3 min'),
  planner('plan-speed', 'a rack loss planned, against filter-and-weigh in the same run', '25 s', '1 min'),
  planner('plan-scale', 'how planning time grows with VMs and with hosts: the fitted exponents', '20 s', '1 min'),
  planner('plan-quality', 'VMs placed, against committed optima and exact bounds', '10 s', '1 min'),
  planner('plan-spread', 'rack spread of business types, against the exact lower bound', '10 s', '1 min'),
  planner('plan-safety', 'random plans under an independent checker: rules broken', '20 s', '100,000 plans'),
  planner('survivability', 'what-if answers for every host and rack of a region', '20 s', '1 min'),
  planner('fleet-memory', 'memory of the fleet model', '20 s', '1 min'),
];
