import type { Language, LifeboatEvent } from '@lifeboat/contracts';
import { words as english } from './en/words.ts';
import { noNames, type VmNames, vmCalled } from './names.ts';
import type { CallVm, Words } from './telling.ts';
import { words as chinese } from './zh/words.ts';

const tables: Readonly<Record<Language, Words>> = { en: english, 'zh-CN': chinese };

/** What an event says to a person, in one sentence. `names`: what VMs are called that the event itself has only ids of. */
export function sentence(e: LifeboatEvent, language: Language = 'en', names: VmNames = noNames): string {
  const vm: CallVm = (d) => vmCalled(d.vm, d.name ?? names.get(d.vm));
  return (tables[language][e.type] as (d: unknown, vm: CallVm) => string)(e.data, vm);
}
