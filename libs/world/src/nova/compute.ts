import { after, type HostId } from '@lifeboat/kernel';
import { takeUpLive } from './live.ts';
import { takeUpCold, takeUpReboots } from './mending.ts';
import type { Nova } from './nova.ts';
import type { Service } from './state.ts';

/**
 * The compute services: they report while their process lives and the management network carries it; at every start
 * they first destroy what was evacuated from under them. Returns how to stop listening.
 */
export function computeSide(nova: Nova): () => void {
  return nova.world.onFact((f) => {
    if (f.kind === 'compute' || f.kind === 'management') settle(nova, f.host);
    else if (f.kind === 'copy' && !f.running) nova.world.timers.after(nova.prng.between(5_000, 15_000), () => syncPower(nova, f.host));
  });
}

function settle(nova: Nova, host: HostId): void {
  const s = nova.service(host);
  if (s === undefined) return;
  const h = nova.world.host(host);
  const reporting = h.compute && nova.world.onManagement(host);
  if (reporting === s.reporting) return;
  s.reporting = reporting;
  nova.wake(host);
  const now = nova.world.now();
  if (!reporting) s.beats.end(now);
  else if (s.initialisedLife === h.computeLife) s.beats.begin(after(now, nova.prng.between(0, nova.times.reportMs)));
  else {
    s.beats.begin(after(now, nova.times.firstReportMs));
    nova.world.timers.spawn(() => startUp(nova, s, h.computeLife));
  }
}

async function startUp(nova: Nova, s: Service, life: number): Promise<void> {
  const current = () => s.reporting && nova.world.host(s.host).computeLife === life && s.initialisedLife !== life;
  await nova.world.timers.sleep(nova.prng.between(...nova.times.cleanUpMs));
  if (!current()) return; // cut off or died meanwhile: the next connection begins anew
  cleanUp(nova, s.host);
  takeUpReboots(nova, s.host);
  takeUpLive(nova, s.host);
  takeUpCold(nova, s.host);
  s.initialisedLife = life;
  nova.wake(s.host);
  await nova.world.timers.sleep(nova.prng.between(...nova.times.powerSyncMs));
  syncPower(nova, s.host);
}

/**
 * Nova's `_destroy_evacuated_instances`: by the migration records, whatever became of the evacuation. It also closes
 * records of evacuations still under way, so 'completed' alone does not say that the VM arrived.
 */
function cleanUp(nova: Nova, host: HostId): void {
  for (const m of nova.migrations) {
    if (m.from !== host || !['accepted', 'pre-migrating', 'done'].includes(m.status)) continue;
    nova.world.destroyCopy(m.vm, host, 'evacuated: the returned compute service destroys it');
    const server = nova.server(m.vm);
    if (server !== undefined && server.host !== host) nova.placing.release(m.vm, host);
    m.status = 'completed';
  }
  for (const v of nova.world.vms.values()) if (v.deleted) nova.world.destroyCopy(v.spec.vm, host, 'deleted while the host was away');
  nova.world.trace.add(nova.world.now(), 'nova', `compute service of ${host} has started and cleaned up`);
}

/** A guest that Nova calls active and that does not run is called stopped from now on: nobody starts it again. */
function syncPower(nova: Nova, host: HostId): void {
  if (!nova.takesMessages(host)) return;
  for (const server of nova.serversOn(host)) {
    if (server.vmState !== 'active' || server.task !== null || nova.world.vm(server.vm).copies.has(host)) continue;
    server.vmState = 'stopped';
    nova.noteAct(server.vm, 'stop', null);
    nova.world.trace.add(nova.world.now(), 'nova', `${server.vm} is not running on ${host}: called stopped`);
  }
}
