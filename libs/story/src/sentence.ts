import type { EventOf, EventType, LifeboatEvent } from '@lifeboat/contracts';

type Words = { [T in EventType]: (d: EventOf<T>['data']) => string };

const many = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const list = (names: readonly string[], most = 4) =>
  names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;

/** What an event says to a person, in one sentence. A closed table: a new event without words does not compile. */
const words: Words = {
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
  'lifeboat.fault.diagnosed': (d) => `${d.verdict} at ${list(d.hosts)} (${d.rule}): ${d.action}`,
  'lifeboat.fault.confirmed': (d) => `${d.verdict} at ${list(d.hosts)}: ${d.rule}`,
  'lifeboat.fault.held': (d) => `${list(d.hosts)} look dead, nothing is done: ${d.reason}`,
  'lifeboat.fault.cleared': (d) => `${d.host} is well again (was: ${d.was})`,
  'lifeboat.incident.opened': (d) =>
    `incident opened: ${d.verdict} of ${list(d.hosts)}; ${d.highAvailability ? `HA is on, ${d.automation}` : 'HA is off'}`,
  'lifeboat.isolation.requested': (d) => `${d.host} is to be isolated${d.proof === undefined ? '' : `; proof: ${d.proof.kind}`}`,
  'lifeboat.isolation.recalled': (d) => `${d.host} came back before it was isolated: the order is recalled`,
  'lifeboat.plan.made': (d) =>
    `plan ${d.attempt}: ${many(d.plan.placements.length, 'VM')} placed, ${d.plan.unplaced.length} without a place (no plan can place more than ${d.plan.certificate.upperBound})`,
  'lifeboat.evacuation.requested': (d) =>
    `${many(d.placements.length, 'VM')} of ${d.host} are to be evacuated; proof of death: ${d.proof.kind} by ${d.proof.method}`,
  'lifeboat.vm.unevacuable': (d) => `VM ${d.vm} of ${d.host} cannot be evacuated: ${d.reason}`,
  'lifeboat.vm.verified': (d) => `VM ${d.vm} runs on ${d.host}, seen by its agent`,
  'lifeboat.vm.handed-over': (d) => `VM ${d.vm} is handed over to ${d.to}: its new host failed, too`,
  'lifeboat.incident.waiting': (d) => `waiting for ${d.for}: ${d.reason}`,
  'lifeboat.incident.closed': (d) => `incident closed after ${seconds(d.at - d.openedAt)}: ${d.outcome}; ${closing(d.vms)}`,
  'lifeboat.release.requested': (d) => `${d.host} is clean and well: it may take VMs again`,
  'lifeboat.confirmation.requested': (d) => `a person is asked: ${d.summary}`,
  'lifeboat.confirmation.received': (d) => `${d.by} answered by ${d.channel}: ${d.answer}`,
  'lifeboat.confirmation.refused': (d) => `an answer changed nothing: ${d.reason}`,
  'lifeboat.confirmation.expired': (d) => `the question is withdrawn: ${d.reason}`,
  'lifeboat.notice.sent': (d) => `${d.contact} was told by ${d.channel}: ${d.subject}`,
  'lifeboat.notice.failed': (d) => `${d.contact} could not be told by ${d.channel}: ${d.reason}`,
  'lifeboat.host.isolated': (d) => `${d.host} is proven dead: ${d.proof.detail}`,
  'lifeboat.isolation.failed': (d) =>
    `${d.host} could not be isolated (try ${d.attempt}): ${d.methods.map((m) => `${m.method}: ${m.code}`).join('; ') || 'it has no fence method'}`,
  'lifeboat.isolation.withdrawn': (d) => `${d.host} was left alone`,
  'lifeboat.host.shut-out': (d) => `${d.host} is forced down and disabled in Nova`,
  'lifeboat.evacuation.started': (d) =>
    `VM ${d.vm}: Nova ${d.adopted ? 'already has its evacuation' : 'took its evacuation'}${d.to === undefined ? '' : ` to ${d.to}`}`,
  'lifeboat.vm.evacuated': (d) => `VM ${d.vm} is on ${d.to} (${d.status}), by Nova, after ${seconds(d.tookMs)}`,
  'lifeboat.evacuation.failed': (d) =>
    `VM ${d.vm} could not be evacuated${d.to === undefined ? '' : ` to ${d.to}`}: ${d.reason} (${d.then})`,
  'lifeboat.host.released': (d) => `${d.host} takes VMs again`,
  'lifeboat.event.rejected': (d) => `${d.by} could not read ${d.from}: ${d.reason}`,
};

const closing = (vms: EventOf<'lifeboat.incident.closed'>['data']['vms']): string => {
  const counts = new Map<string, number>();
  for (const v of vms) counts.set(v.outcome, (counts.get(v.outcome) ?? 0) + 1);
  return vms.length === 0 ? 'no VMs' : [...counts].map(([outcome, n]) => `${n} ${outcome}`).join(', ');
};

export const sentence = (e: LifeboatEvent): string => (words[e.type] as (d: unknown) => string)(e.data);
