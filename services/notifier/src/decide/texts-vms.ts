import type { LifeboatEvent } from '@lifeboat/contracts';
import { stableId } from '@lifeboat/kernel';
import { vmCalled, vmInShort } from '@lifeboat/story';
import type { Words } from './texts.ts';

/** What people are told of single VMs that failed, and of a storage that fails many; null: nothing. */
export function vmWords(e: LifeboatEvent): { id: string; words: Words } | null {
  switch (e.type) {
    case 'lifeboat.storage.suspected': {
      const { cluster, hosts, vms, rule, at } = e.data;
      const words: Words = {
        urgency: 'failed',
        subject: `cluster ${cluster}: storage failure, ${vms} VMs paused on ${hosts.length} hosts`,
        happened: `${vms} VMs of cluster ${cluster} are paused by I/O errors, on ${hosts.slice(0, 8).join(', ')}${hosts.length > 8 ? ' and more' : ''}.`,
        done: 'None of them is restarted. One is tried again and again; when it runs, all are resumed where they were.',
        asked: 'Mend the storage of this cluster.',
        details: [`Rule: ${rule}`],
      };
      return { id: `storage/${cluster}/${at}`, words };
    }
    case 'lifeboat.storage.cleared': {
      const { cluster, vms, rule, since } = e.data;
      const words: Words = {
        urgency: 'done',
        subject: `cluster ${cluster}: the storage answers again`,
        happened: `The storage of cluster ${cluster} answers again: ${rule}.`,
        done: `${vms} VMs are still paused and are resumed now.`,
        asked: 'Nothing.',
      };
      return { id: `storage/cleared/${cluster}/${since}`, words };
    }
    case 'lifeboat.vm.given-up': {
      const { host, failure, attempts, reason, incident } = e.data;
      const vm = vmCalled(e.data.vm, e.data.name);
      const words: Words = {
        urgency: 'asks',
        subject: `VM ${vmInShort(e.data.vm, e.data.name)} on ${host} could not be brought back`,
        happened: `VM ${vm} on ${host} has failed (${failure}) and is down: ${reason}`,
        done: `It was tried ${attempts} times; nothing more is done by itself.`,
        asked: 'Look at the VM.',
      };
      return { id: `given-up/${incident}`, words };
    }
    case 'lifeboat.vm.left-alone': {
      const { host, failure, reason } = e.data;
      const vm = vmCalled(e.data.vm, e.data.name);
      const words: Words = {
        urgency: 'done',
        subject: `VM ${vmInShort(e.data.vm, e.data.name)} on ${host} has failed and is left alone`,
        happened: `VM ${vm} on ${host} has failed (${failure}).`,
        done: `It is left as it is: ${reason}.`,
        asked: 'Nothing, if that is what you want.',
      };
      return { id: `left-alone/${e.data.vm}/${stableId(reason)}`, words };
    }
    default:
      return null;
  }
}
