import type { EventOf, EventType } from '@lifeboat/contracts';
import type { VmId } from '@lifeboat/kernel';

/** A VM as it is called in a sentence. */
export type CallVm = (d: { readonly vm: VmId; readonly name?: string }) => string;
/** One sentence an event; a closed table: a new event without words in every language does not compile. */
export type Words<T extends EventType = EventType> = { readonly [K in T]: (d: EventOf<K>['data'], vm: CallVm) => string };
export type DrainEvent = Extract<
  EventType,
  `lifeboat.drain.${string}` | `lifeboat.migration.${string}` | 'lifeboat.host.set-aside' | 'lifeboat.vm.migrated'
>;
export type MessageEvent = Extract<EventType, `lifeboat.answer.${string}` | `lifeboat.channel.${string}` | 'lifeboat.notice.receipt'>;

export const seconds = (ms: number): string => (ms / 1000).toFixed(1);
