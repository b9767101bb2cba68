import { fenceAgents } from '@lifeboat/adapters-fence';
import { openOpenStack } from '@lifeboat/adapters-openstack';
import { prober, sshShell } from '@lifeboat/adapters-probe';
import { openBackbone, wallClock } from '@lifeboat/backbone';
import { runService, SettingsError } from '@lifeboat/runtime/process';
import { nodeMonitor } from './service.ts';
import { monitorSettings } from './settings.ts';
import { nodeMonitorWorld } from './world.ts';

const clock = wallClock();

await runService({
  name: 'node-monitor',
  clock,
  open: openBackbone,
  settings: (e) => ({
    // Links and gateway of the management network: what must be well here before our view of others counts.
    links: e.optional('LIFEBOAT_MANAGEMENT_LINKS')?.split(','),
    gateway: e.optional('LIFEBOAT_MANAGEMENT_GATEWAY'),
  }),
  make: ({ settings, more: { links, gateway }, topology }) => {
    const opened = openOpenStack({ env: settings.env, clock, topology: () => topology });
    if (!opened.ok) throw new SettingsError(opened.complaints);
    const { icmp = true, tcpPorts = [22], refusedIsAlive = true, ssh = { user: 'root' } } = topology.probes ?? {};
    const probe = prober({
      icmp,
      tcpPorts,
      refusedIsAlive,
      ...(links === undefined ? {} : { links }),
      ...(gateway === undefined ? {} : { gateway }),
    });
    const world = nodeMonitorWorld({
      prober: probe,
      fence: fenceAgents(),
      shell: sshShell({ restartCommand: 'systemctl restart lifeboat-agent', connectTimeoutMs: 3_000, ...ssh }),
      cloud: opened.value,
      clock,
      topology,
    });
    return { definition: nodeMonitor(monitorSettings(topology)), world, close: async () => opened.value.close() };
  },
});
