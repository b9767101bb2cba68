import { FleetModel, planOn } from '@lifeboat/planner';
import { exponent, type Figure, machine, quarter, rackFailure, times } from './measure.ts';
import { region } from './region.ts';

/** How planning time grows: with the VMs of a failure (1, 2, 4, 8 racks), and with the hosts of the region. */
export const run = async ({ full }: { full: boolean }): Promise<Figure> => {
  const rounds = full ? 60 : 20;
  const world = region({ hosts: full ? 10_000 : 5_000, seed: 2, oneCluster: true });
  const model = FleetModel.of(world.fleet);
  const time = (m: FleetModel, ask: ReturnType<typeof rackFailure>) => {
    times(10, () => planOn(m, ask));
    return quarter(times(rounds, () => planOn(m, ask)).cpu);
  };
  const vms = [1, 2, 4, 8].map((racks): [number, number] => {
    const ask = rackFailure(world, racks);
    return [planOn(model, ask).placements.length, time(model, ask)];
  });
  const hosts = (full ? [2_500, 5_000, 10_000, 20_000] : [1_000, 2_000, 4_000]).map((n): [number, number] => {
    const small = region({ hosts: n, seed: 2, oneCluster: true });
    return [n, time(FleetModel.of(small.fleet), rackFailure(small))];
  });
  const [byVms, byHosts] = [exponent(vms), exponent(hosts)];
  const said = (list: [number, number][]) => list.map(([n, ms]) => `${n}: ${ms.toFixed(1)} ms`).join(', ');
  return {
    value: `exponent ${byVms.toFixed(2)} with VMs (${said(vms)}), ${byHosts.toFixed(2)} with hosts (${said(hosts)}); processor time, ${machine()}`,
    asked: '<= 1.1 each',
    met: byVms <= 1.1 && byHosts <= 1.1,
  };
};
