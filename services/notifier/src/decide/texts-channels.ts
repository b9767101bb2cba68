import type { LifeboatEvent } from '@lifeboat/contracts';
import { isoTime } from '@lifeboat/kernel';
import type { Words } from './texts.ts';

/** What people are told of a way for answers that is closed; null: nothing. */
export function channelWords(e: LifeboatEvent): { id: string; words: Words } | null {
  switch (e.type) {
    case 'lifeboat.channel.troubled': {
      const { channel, trouble, since } = e.data;
      const words: Words = {
        urgency: 'asks',
        subject: `answers do NOT come in by ${channel}`,
        happened: `Since ${isoTime(since)} no answers come in by ${channel}: ${trouble}`,
        done: 'It is tried again and again. What is sent there waits, or is sent again by its provider.',
        asked: `Mend it, or answer another way meanwhile (another channel, the link, lifeboat evacuate).`,
      };
      return { id: `channel/${channel}/${since}`, words };
    }
    case 'lifeboat.channel.restored': {
      const { channel, since } = e.data;
      const words: Words = {
        urgency: 'done',
        subject: `answers come in by ${channel} again`,
        happened: `Answers come in by ${channel} again; they had not since ${isoTime(since)}.`,
        done: 'What has waited there is read now.',
        asked: 'Nothing.',
      };
      return { id: `channel/restored/${channel}/${since}`, words };
    }
    default:
      return null;
  }
}
