import { policyOf, type Topology } from '@lifeboat/contracts';
import type { HostId } from '@lifeboat/kernel';
import type { ServiceDefinition } from '@lifeboat/runtime';
import { correlate } from './decide.ts';
import { type CorrelatorSettings, defaultCorrelatorSettings, type HostPlace } from './settings.ts';
import { type CorrelatorState, initialState } from './state.ts';

export function correlatorSettings(t: Topology, changes: Partial<CorrelatorSettings> = {}): CorrelatorSettings {
  const places = new Map<HostId, HostPlace>(
    t.hosts.map((h) => {
      const { onAgentFailure, onProductionNetworkFailure } = policyOf(t, h.cluster);
      return [
        h.host,
        { host: h.host, cluster: h.cluster, rack: h.rack, maintenance: h.maintenance ?? false, onAgentFailure, onProductionNetworkFailure },
      ];
    }),
  );
  const brake = { clusterShare: t.brake?.clusterShare ?? 0.3, regionShare: t.brake?.regionShare ?? 0.2, hosts: t.brake?.hosts ?? 40 };
  return { ...defaultCorrelatorSettings, places, brake, ...changes };
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
    'lifeboat.incident.closed',
  ],
  initial: initialState,
  decide: correlate(settings),
  tickMs: 500,
});
