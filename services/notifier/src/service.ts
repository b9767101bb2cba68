import type { ServiceDefinition } from '@lifeboat/runtime';
import { concealed } from './decide/conceal.ts';
import { notify } from './decide/decide.ts';
import type { NotifierEffect, NotifierObservation, NotifierResult } from './decide/effects.ts';
import type { NotifierSettings } from './settings.ts';
import { initialState, type NotifierState } from './state.ts';

export const notifier = (
  settings: NotifierSettings,
): ServiceDefinition<NotifierState, NotifierEffect, NotifierResult, NotifierObservation> => ({
  name: 'notifier',
  consumes: [
    'lifeboat.fence.checked',
    'lifeboat.fault.diagnosed',
    'lifeboat.fault.held',
    'lifeboat.network.cleared',
    'lifeboat.host.quarantined',
    'lifeboat.fault.confirmed',
    'lifeboat.incident.opened',
    'lifeboat.host.isolated',
    'lifeboat.proof.contradicted',
    'lifeboat.isolation.failed',
    'lifeboat.release.delayed',
    'lifeboat.incident.waiting',
    'lifeboat.plan.made',
    'lifeboat.vm.unevacuable',
    'lifeboat.vm.verified',
    'lifeboat.vm.left-alone',
    'lifeboat.vm.given-up',
    'lifeboat.storage.suspected',
    'lifeboat.storage.cleared',
    'lifeboat.incident.closed',
    'lifeboat.redundancy.lost',
    'lifeboat.redundancy.restored',
    'lifeboat.items.waiting',
    'lifeboat.order.refused',
    'lifeboat.channel.troubled',
    'lifeboat.channel.restored',
    'lifeboat.confirmation.requested',
    'lifeboat.confirmation.settled',
    'lifeboat.confirmation.expired',
    'lifeboat.confirmation.refused',
  ],
  initial: initialState,
  decide: notify(settings),
  tickMs: 1_000,
  concealed,
});
