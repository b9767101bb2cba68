import { seconds as asSeconds, type DrainEvent, type Words } from '../telling.ts';

const seconds = (ms: number) => `${asSeconds(ms)} s`;
const vms = (n: number) => `${n} VM${n === 1 ? '' : 's'}`;
const cold = (may: boolean) => (may ? 'cold (restarted) where live fails' : 'live only; stopped ones cold');

/** Planned evacuation, in words. */
export const drainWords: Words<DrainEvent> = {
  'lifeboat.drain.chosen': (d) => `${d.by} wants ${d.vms === undefined ? `all VMs` : vms(d.vms.length)} of ${d.host} moved away`,
  'lifeboat.drain.halted': (d) => `${d.by} ends the drain of ${d.host}`,
  'lifeboat.drain.opened': (d) =>
    `${d.host} is drained for ${d.by}: ${d.vms === undefined ? 'all its VMs' : vms(d.vms.length)}, ${cold(d.cold)}${d.disable ? '; new VMs stay away' : '; it is not disabled'}`,
  'lifeboat.drain.planned': (d) =>
    `plan ${d.attempt}: ${vms(d.plan.placements.length)} of ${d.host} have a place${d.cold.length > 0 ? ` (${d.cold.length} of them stopped: moved cold)` : ''}, ${d.plan.unplaced.length} have none`,
  'lifeboat.migration.requested': (d) => `${vms(d.placements.length)} of ${d.host} are to be migrated: ${cold(d.cold)}`,
  'lifeboat.drain.recalled': (d) => `no further VM of ${d.host} begins to move: ${d.reason}`,
  'lifeboat.drain.waiting': (d) => `the drain of ${d.host} waits: ${d.reason}`,
  'lifeboat.drain.closed': (d) => {
    const count = (o: string) => d.vms.filter((v) => v.outcome === o).length;
    return `drain of ${d.host} over after ${seconds(d.at - d.openedAt)}: ${d.outcome}; ${count('moved')} moved, ${count('left')} left, ${count('gone')} gone${d.reason === undefined ? '' : ` (${d.reason})`}${d.disabled ? '; it stays disabled until it is released' : ''}`;
  },
  'lifeboat.host.set-aside': (d) =>
    ({
      'by-us': `Nova puts no new VMs on ${d.host}`,
      'by-others': `${d.host} had been disabled before: ${d.reason}`,
      no: `${d.host} is not disabled: Nova may put new VMs on it`,
    })[d.disabled],
  'lifeboat.drain.failed': (d) => `${d.host} could not be set aside: ${d.reason}`,
  'lifeboat.migration.started': (d, vm) =>
    `VM ${vm(d)}: Nova ${d.adopted ? 'already has' : 'took'} its ${d.how} migration to ${d.to}${d.attempt > 1 ? ` (try ${d.attempt})` : ''}`,
  'lifeboat.vm.migrated': (d, vm) =>
    `VM ${vm(d)} has moved to ${d.to} (${d.how ?? 'by somebody else'}, ${d.status}) in ${seconds(d.tookMs)}${d.fault === undefined ? '' : `; Nova says: ${d.fault}`}`,
  'lifeboat.migration.failed': (d, vm) => `VM ${vm(d)} did not leave ${d.from}: ${d.reason} (${d.then})`,
};
