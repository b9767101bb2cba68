import { policyOf, type Topology, vmFailurePolicyOf } from '@lifeboat/contracts';
import type { HostId } from '@lifeboat/kernel';
import type { ServiceDefinition } from '@lifeboat/runtime';
import { correlate } from './decide.ts';
import { type CorrelatorSettings, defaultCorrelatorSettings, type HostPlace } from './settings.ts';
import { type CorrelatorState, initialState } from './state.ts';

export function correlatorSettings(t: Topology, changes: Partial<CorrelatorSettings> = {}): CorrelatorSettings {
  const places = new Map<HostId, HostPlace>(
    t.hosts.map((h) => {
      const { onAgentFailure, onProductionNetworkFailure, selfIsolationMs, kdump } = policyOf(t, h.cluster);
      return [
        h.host,
        {
          host: h.host,
          cluster: h.cluster,
          rack: h.rack,
          maintenance: h.maintenance ?? false,
          selfIsolationMs,
          ...(kdump === undefined ? {} : { kdump: { waitMs: 1_000 * kdump.waitSeconds, dumpMs: 1_000 * (kdump.dumpSeconds ?? 600) } }),
          onAgentFailure,
          onProductionNetworkFailure,
        },
      ];
    }),
  );
  const brake = { clusterShare: t.brake?.clusterShare ?? 0.3, regionShare: t.brake?.regionShare ?? 0.2, hosts: t.brake?.hosts ?? 40 };
  const storageHostsOf = (cluster: string) => vmFailurePolicyOf(t, cluster).storageHosts;
  const darkButNotDead = new Set(t.racks.filter((r) => r.darkIsDead === false).map((r) => r.rack));
  return { ...defaultCorrelatorSettings, places, brake, storageHostsOf, darkButNotDead, ...changes };
}

export const faultCorrelator = (settings: CorrelatorSettings): ServiceDefinition<CorrelatorState, never, never, never> => ({
  name: 'fault-correlator',
  consumes: [
    'lifeboat.agent.registered',
    'lifeboat.agent.reported',
    'lifeboat.agent.lost',
    'lifeboat.node.observed',
    'lifeboat.round.completed',
    'lifeboat.agent.restarted',
    'lifeboat.incident.opened',
    'lifeboat.host.isolated',
    'lifeboat.incident.closed',
    'lifeboat.vm.left-alone',
    'lifeboat.vm.given-up',
  ],
  initial: initialState,
  decide: correlate(settings),
  tickMs: 500,
});
