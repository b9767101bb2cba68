import type { EventOf } from '@lifeboat/contracts';
import { seconds as asSeconds, type Words } from '../telling.ts';
import { drainWords } from './drains.ts';
import { messageWords } from './messages.ts';

const many = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
const seconds = (ms: number) => `${asSeconds(ms)} s`;
const list = (names: readonly string[], most = 4) =>
  names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;

export const words: Words = {
  ...messageWords,
  ...drainWords,
  'lifeboat.agent.registered': (d) => `agent of ${d.host} is here, with ${many(d.vms.length, 'VM')}`,
  'lifeboat.agent.reported': (d) =>
    [
      `agent of ${d.host} reports`,
      [
        d.changed.length > 0 ? `${many(d.changed.length, 'VM')} ${[...new Set(d.changed.map((v) => v.state))].join('/')}` : '',
        d.gone.length > 0 ? `${many(d.gone.length, 'VM')} no longer there` : '',
        ...d.peers.map((p) => `${p.peer} ${p.production} on the production network`),
      ]
        .filter((x) => x !== '')
        .join(', '),
    ].join(': '),
  'lifeboat.agent.lost': (d) =>
    `agent of ${d.host} is lost (${d.reason === 'left' ? 'it left on purpose' : 'its session lapsed'}); it ran ${many(d.vms.length, 'VM')}`,
  'lifeboat.node.observed': (d) =>
    `${d.host} from the management network: ${Object.entries(d.signals)
      .map(([name, s]) => `${name} ${(s as { is: string }).is}`)
      .join(', ')}`,
  'lifeboat.round.completed': (d) =>
    `round ${d.round}: ${d.racks.reduce((n, r) => n + r.alive, 0)} hosts answer, ${d.racks.reduce((n, r) => n + r.dead, 0)} do not${d.observer === 'cut-off' ? `; the monitor is cut off: ${d.reason ?? ''}` : ''}`,
  'lifeboat.agent.restarted': (d) =>
    `agent of ${d.host} ${d.succeeded ? 'was restarted' : `could not be restarted: ${d.detail}`} (try ${d.attempt})`,
  'lifeboat.fence.checked': (d) =>
    d.is === 'of-another'
      ? `fence method ${d.method} of ${d.host} (${d.device}) is that of ${d.other ?? 'another host'}: it is never used`
      : `fence method ${d.method} of ${d.host} (${d.device}) ${d.is === 'own' ? 'is its own' : 'could not be checked'}: ${d.detail}`,
  'lifeboat.fault.diagnosed': (d) => `${d.verdict} at ${list(d.hosts)} (${d.rule}): ${d.action}`,
  'lifeboat.fault.confirmed': (d) => `${d.verdict} at ${list(d.hosts)}: ${d.rule}`,
  'lifeboat.fault.held': (d) => `${list(d.hosts)} look dead, nothing is done: ${d.reason}`,
  'lifeboat.host.quarantined': (d) =>
    `${d.host} has failed ${d.failures} times lately: it must be well for ${seconds(d.healthyMs)} before it is released`,
  'lifeboat.network.cleared': (d) => `the production network of cluster ${d.cluster} works again: ${d.rule}`,
  'lifeboat.fault.cleared': (d) => `${d.host} is well again (was: ${d.was})`,
  'lifeboat.proof.contradicted': (d) =>
    `${d.host} was not dead: ${d.proof.method} had proven it (${d.proof.kind}), and its agent is back without a restart; VMs may run twice`,
  'lifeboat.vm.failed': (d, vm) =>
    `VM ${vm(d)} on ${d.host} has failed (${d.failure}): ${d.rule}${d.trial === true ? '; it is tried first' : ''}`,
  'lifeboat.vm.cleared': (d, vm) => `VM ${vm(d)} on ${d.host} is ${d.is} (was ${d.was})`,
  'lifeboat.storage.suspected': (d) =>
    `storage of cluster ${d.cluster} suspected: ${many(d.vms, 'VM')} paused by I/O errors on ${list(d.hosts)}; they wait`,
  'lifeboat.storage.cleared': (d) => `storage of cluster ${d.cluster} answers again: ${many(d.vms, 'paused VM')} left to resume`,
  'lifeboat.incident.opened': (d) =>
    `incident opened: ${d.verdict} of ${list(d.hosts)}; ${d.highAvailability ? `HA is on, ${d.automation}` : 'HA is off'}`,
  'lifeboat.isolation.requested': (d) => `${d.host} is to be isolated${d.proof === undefined ? '' : `; proof: ${d.proof.kind}`}`,
  'lifeboat.isolation.recalled': (d) => `${d.host} came back before it was isolated: the order is recalled`,
  'lifeboat.plan.made': (d) =>
    `plan ${d.attempt}: ${many(d.plan.placements.length, 'VM')} placed, ${d.plan.unplaced.length} without a place (no plan can place more than ${d.plan.certificate.upperBound})`,
  'lifeboat.evacuation.requested': (d) =>
    `${many(d.placements.length, 'VM')} of ${d.host} are to be evacuated; proof of death: ${d.proof.kind} by ${d.proof.method}`,
  'lifeboat.vm.unevacuable': (d, vm) =>
    d.drained
      ? `VM ${vm(d)}, drained from ${d.host}, needs somebody: ${d.reason}`
      : `VM ${vm(d)} of ${d.host} cannot be evacuated: ${d.reason}`,
  'lifeboat.vm.verified': (d, vm) => `VM ${vm(d)} runs on ${d.host}, seen by its agent`,
  'lifeboat.vm.handed-over': (d, vm) => `VM ${vm(d)} is handed over to ${d.to}: its new host failed, too`,
  'lifeboat.incident.waiting': (d) => `waiting for ${d.for}: ${d.reason}`,
  'lifeboat.incident.closed': (d) => `incident closed after ${seconds(d.at - d.openedAt)}: ${d.outcome}; ${closing(d.vms)}`,
  'lifeboat.release.requested': (d) => `${d.host} is clean and well: it may take VMs again`,
  'lifeboat.confirmation.requested': (d) => `a person is asked: ${d.summary}`,
  'lifeboat.confirmation.received': (d) => `${d.by} answered by ${d.channel}: ${d.answer}`,
  'lifeboat.confirmation.settled': (d) => `answered: ${d.answer}, by ${d.by}`,
  'lifeboat.confirmation.refused': (d) => `an answer changed nothing: ${d.reason}`,
  'lifeboat.confirmation.expired': (d) => `the question is withdrawn: ${d.reason}`,
  'lifeboat.evacuation.chosen': (d) =>
    d.answer === 'evacuate' ? `${d.by} starts the evacuation of ${many(d.placements.length, 'VM')}` : `${d.by} declines the evacuation`,
  'lifeboat.statement.made': (d) => `${d.by} states that ${d.host} is down: ${d.words}`,
  'lifeboat.release.approved': (d) => `${d.by} lets ${d.host} take VMs again`,
  'lifeboat.item.decided': (d, vm) => `${d.by} decides about VM ${vm(d)}: ${d.action}`,
  'lifeboat.item.closed': (d, vm) => `VM ${vm(d)} needs nobody any more: ${d.how}${d.host === undefined ? '' : ` on ${d.host}`}`,
  'lifeboat.items.waiting': (d) =>
    `${many(d.items.length, 'VM')} ${d.items.every((x) => x.drained) ? 'of a drain' : 'not evacuated'} still wait for somebody`,
  'lifeboat.order.refused': (d) => `the order of ${d.by} is not carried out: ${d.reason}`,
  'lifeboat.notice.sent': (d) => `${d.contact} was told by ${d.channel}: ${d.subject}`,
  'lifeboat.notice.failed': (d) => `${d.contact} could not be told by ${d.channel}: ${d.reason}`,
  'lifeboat.host.isolated': (d) => `${d.host} is proven dead: ${d.proof.detail}`,
  'lifeboat.isolation.failed': (d) =>
    `${d.host} could not be isolated (try ${d.attempt}): ${d.methods.map((m) => `${m.method}: ${m.code}`).join('; ') || 'it has no fence method'}`,
  'lifeboat.isolation.withdrawn': (d) => `${d.host} was left alone`,
  'lifeboat.host.shut-out': (d) => `${d.host} is forced down and disabled in Nova`,
  'lifeboat.evacuation.started': (d, vm) =>
    `VM ${vm(d)}: Nova ${d.adopted ? 'already has its evacuation' : 'took its evacuation'}${d.to === undefined ? '' : ` to ${d.to}`}`,
  'lifeboat.vm.evacuated': (d, vm) => `VM ${vm(d)} is on ${d.to} (${d.status}), by Nova, after ${seconds(d.tookMs)}`,
  'lifeboat.evacuation.failed': (d, vm) =>
    `VM ${vm(d)} could not be evacuated${d.to === undefined ? '' : ` to ${d.to}`}: ${d.reason} (${d.then})`,
  'lifeboat.release.delayed': (d) =>
    `${d.host} is well, and Nova does not let it take VMs again since ${seconds(d.at - d.since)}: ${d.reason}`,
  'lifeboat.host.released': (d) => `${d.host} takes VMs again`,
  'lifeboat.redundancy.lost': (d) =>
    `redundancy is lost: ${rehearsed(d)} could not fail without loss (${d.targets[0]?.without ?? 0} of ${many(d.targets[0]?.vms ?? 0, 'VM')} of ${d.targets[0]?.name ?? ''} would find no place)`,
  'lifeboat.redundancy.restored': (d) => `redundancy is restored: ${rehearsed(d)} could fail, and every VM would find a place`,
  'lifeboat.restart.requested': (d, vm) =>
    `VM ${vm(d)} is to be brought back: ${ways[d.how]}${d.to?.[0] === undefined ? ` on ${d.host}` : ` to ${d.to[0]}`} (try ${d.attempt})`,
  'lifeboat.restart.recalled': (d, vm) => `VM ${vm(d)} needs no restart any more: ${d.reason}`,
  'lifeboat.vm.restarted': (d, vm) =>
    `VM ${vm(d)}: ${ways[d.how]} ${d.adopted ? 'had been done before' : 'done'} by Nova, on ${d.host}, after ${seconds(d.tookMs)}`,
  'lifeboat.restart.failed': (d, vm) => `VM ${vm(d)} was not brought back (${ways[d.how]}): ${d.reason} (${d.then})`,
  'lifeboat.vm.recovered': (d, vm) =>
    `VM ${vm(d)} runs again on ${d.host} (was ${d.failure}) after ${seconds(d.tookMs)} and ${d.attempts === 1 ? '1 try' : `${d.attempts} tries`}`,
  'lifeboat.vm.left-alone': (d, vm) => `VM ${vm(d)} on ${d.host} (${d.failure}) is left alone: ${d.reason}`,
  'lifeboat.vm.given-up': (d, vm) => `VM ${vm(d)} on ${d.host} (${d.failure}) could not be brought back: ${d.reason}`,
  'lifeboat.event.rejected': (d) => `${d.by} could not read ${d.from}: ${d.reason}`,
};

const rehearsed = (d: EventOf<'lifeboat.redundancy.lost'>['data']): string =>
  list(d.targets.map((t) => `${t.kind} ${t.name}`)) + (d.more === 0 ? '' : ` (${d.more} more)`);

const ways = { reboot: 'hard reboot', resume: 'resume', move: 'cold move' } as const;

const closing = (vms: EventOf<'lifeboat.incident.closed'>['data']['vms']): string => {
  const counts = new Map<string, number>();
  for (const v of vms) counts.set(v.outcome, (counts.get(v.outcome) ?? 0) + 1);
  return vms.length === 0 ? 'no VMs' : [...counts].map(([outcome, n]) => `${n} ${outcome}`).join(', ');
};
