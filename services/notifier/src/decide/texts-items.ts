import type { EventOf } from '@lifeboat/contracts';
import { isoTime } from '@lifeboat/kernel';
import { vmCalled, vmInShort } from '@lifeboat/story';
import { list, vms } from './counted.ts';
import type { Words } from './texts.ts';

/** Its host is well, and it may run: nobody is to be woken with 'down'. */
export const afterDrain = ({ data: d }: EventOf<'lifeboat.vm.unevacuable'>): Words => ({
  urgency: 'asks',
  subject: `drain of ${d.host}: VM ${vmInShort(d.vm, d.name)} needs somebody`,
  happened: `VM ${vmCalled(d.vm, d.name)} was to leave ${d.host}, which is well: ${d.reason}`,
  done: 'The other VMs go on without it; nothing more is done about it by itself.',
  asked: `Look at it; when it is settled: lifeboat item ${d.vm} dismiss.`,
});

export const unevacuable = ({ data: d }: EventOf<'lifeboat.vm.unevacuable'>): Words => ({
  urgency: 'asks',
  subject: `${d.host}: VM ${vmInShort(d.vm, d.name)} is not evacuated`,
  happened: `VM ${vmCalled(d.vm, d.name)} of ${d.host} is down and is not evacuated: ${d.reason}`,
  done: 'It was left out; the other VMs go on without it.',
  asked: `Decide about it in Lifeboat: ${d.actions.join(', ') || 'dismiss'}.`,
});

/** What waits for a person, told again. */
export function itemsWaiting({ data: d }: EventOf<'lifeboat.items.waiting'>): Words {
  const one = d.items.length === 1;
  const [many, hosts] = [vms(d.items.length), list([...new Set(d.items.map((x) => x.host))], 3)];
  const drained = d.items.every((x) => x.drained);
  return {
    urgency: 'asks',
    subject: `REMINDER ${d.reminder}: ${drained ? `drain of ${hosts}: ${many} ${one ? 'needs' : 'need'} somebody` : `${many} of ${hosts} not evacuated`}`,
    happened: `${many} of ${d.incident} ${drained ? '' : one ? 'is down and ' : 'are down and '}${one ? 'waits' : 'wait'} for somebody.`,
    done: 'Nothing more is done about them by itself.',
    asked: drained
      ? 'Look at each; when it is settled, dismiss it (lifeboat items).'
      : 'Decide about each: retry, other-host, start-on-return or dismiss (lifeboat items).',
    details: d.items.map((x) => `${vmCalled(x.vm, x.name)} of ${x.host}, since ${isoTime(x.since)}: ${x.reason}`),
  };
}
