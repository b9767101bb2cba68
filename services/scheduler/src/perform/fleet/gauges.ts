import type { Clock } from '@lifeboat/ports';
import type { FleetPlanner } from './planner.ts';

export type Gauge = (name: string, help: string, read: () => number) => void;

/** What an operator wants to see before anything fails. */
export const fleetGauges = (gauge: Gauge, clock: Clock, planner: FleetPlanner): void => {
  const f = () => planner.figures();
  gauge('lifeboat_redundancy_hosts_lost', 'Hosts that could not fail now without loss.', () => f().hostsLost);
  gauge('lifeboat_redundancy_racks_lost', 'Racks that could not fail now without loss.', () => f().racksLost);
  gauge('lifeboat_redundancy_vms_without_place', 'VMs that would find no place if their host or rack failed.', () => f().vmsWithoutPlace);
  gauge('lifeboat_fleet_age_seconds', 'Age of the fleet in memory; NaN before it was read.', () => {
    const { readAt } = f();
    return readAt === null ? Number.NaN : Math.max(0, (clock.now() - readAt) / 1000);
  });
  gauge('lifeboat_fleet_hosts', 'Hosts of the fleet in memory.', () => f().hosts);
  gauge('lifeboat_fleet_vms', 'VMs of the fleet in memory.', () => f().vms);
  gauge('lifeboat_planner_restarts', 'How often the planner ended or hung and was started again.', () => f().restarts);
};
