import { fenceAgents } from '@lifeboat/adapters-fence';
import { into, openOpenStack } from '@lifeboat/adapters-openstack';
import { kdumpListener, prober, sshShell } from '@lifeboat/adapters-probe';
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
    // Crash kernels send their messages here (fence_kdump's own port is 7410); left out: nobody listens.
    kdump: e.optional('LIFEBOAT_KDUMP_LISTEN') === undefined ? null : e.address('LIFEBOAT_KDUMP_LISTEN', ''),
  }),
  make: ({ settings, more: { links, gateway, kdump }, topology, log, standing }) => {
    const opened = openOpenStack({ env: settings.env, clock, topology: () => topology, log: into(log) });
    if (!opened.ok) throw new SettingsError(opened.complaints);
    standing(() => opened.value.troubles());
    const { icmp = true, tcpPorts = [22], refusedIsAlive = true, ssh = { user: 'root' } } = topology.probes ?? {};
    const probe = prober({
      icmp,
      tcpPorts,
      refusedIsAlive,
      ...(links === undefined ? {} : { links }),
      ...(gateway === undefined ? {} : { gateway }),
    });
    const dumps = kdump === null ? null : kdumpListener({ ...kdump, trouble: (what) => log.warn({ what }, 'trouble') });
    const life = new AbortController();
    const world = nodeMonitorWorld(
      {
        prober: probe,
        fence: fenceAgents(),
        shell: sshShell({ restartCommand: 'systemctl restart lifeboat-agent', connectTimeoutMs: 3_000, ...ssh }),
        cloud: opened.value,
        clock,
        topology,
        ...(dumps === null ? {} : { dumps }),
      },
      life.signal,
    );
    const close = async () => {
      life.abort();
      await dumps?.close();
      await opened.value.close();
    };
    return { definition: nodeMonitor(monitorSettings(topology)), world, close };
  },
});
