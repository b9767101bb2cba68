import { prober } from '@lifeboat/adapters-probe';
import { openAgentRegistry, wallClock } from '@lifeboat/backbone/registry';
import type { Clock, VmSource } from '@lifeboat/ports';
import { runProcess, SettingsError } from '@lifeboat/runtime/process';
import { runAgent } from './agent.ts';
import { novaVmSource } from './nova-vm-source.ts';
import { type AgentSettings, agentSettings } from './settings.ts';

const clock = wallClock();

await runProcess(
  'agent',
  clock,
  () => agentSettings(process.env),
  async (settings, { log, health, topology, stop }) => {
    const registry = openAgentRegistry(settings.registry, clock);
    const { source, close } = await openVms(settings, clock);
    health.role = 'running';
    health.connections = () => ({ registry: registry.connected() });
    const { productionTcpPort: productionPort, refusedIsAlive = true } = topology.current()?.probes ?? {};
    // A peer's IP stack is asked for, so where ICMP may not pass a TCP reset is as good as an answer.
    const peers = prober(
      productionPort === undefined ? { icmp: true, tcpPorts: [] } : { icmp: false, tcpPorts: [productionPort], refusedIsAlive },
    );
    try {
      await runAgent({
        registry,
        vmSource: source,
        prober: peers,
        clock,
        topology: () => topology.current(),
        host: settings.host,
        bootId: settings.bootId,
        ...(settings.machineUuid === null ? {} : { machineUuid: settings.machineUuid }),
        signal: stop,
        timings: { vmsEveryMs: settings.vmsEveryMs },
        joined: (session) => log.info({ session, host: settings.host }, 'registered'),
        lost: (why) => log.warn({ why }, 'session lost; registering again'),
        trouble(what) {
          health.complain(what);
          log.warn({ what }, 'trouble');
        },
      });
    } finally {
      await close();
      await registry.close();
    }
  },
);

/** Only the source that is used is loaded: an agent is to be small. */
async function openVms(settings: AgentSettings, at: Clock): Promise<{ source: VmSource; close: () => Promise<void> }> {
  if (settings.vmSource.kind === 'libvirt') {
    const { libvirtVms } = await import('@lifeboat/adapters-libvirt');
    const vms = libvirtVms({ uri: settings.vmSource.uri, guests: { silentAfterMs: settings.guestSilentMs } });
    return { source: vms, close: async () => vms.close() };
  }
  const { openOpenStack } = await import('@lifeboat/adapters-openstack');
  const opened = openOpenStack({ env: settings.env, clock: at });
  if (!opened.ok) throw new SettingsError(opened.complaints);
  return { source: novaVmSource(opened.value, settings.host, at), close: async () => opened.value.close() };
}
