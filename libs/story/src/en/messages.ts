import type { MessageEvent, Words } from '../telling.ts';

const seconds = (ms: number) => `${Math.round(ms / 1000)} s`;

/** What came of messages to people, in words. */
export const messageWords: Words<MessageEvent> = {
  'lifeboat.answer.ignored': (d) =>
    `what ${d.by ?? d.from} wrote by ${d.channel} is no answer (${d.reason}): nothing is changed${d.times > 1 ? `; ${d.times} messages of late` : ''}`,
  'lifeboat.notice.receipt': (d) =>
    `the text message to ${d.contact} ${d.state === 'delivered' ? 'was delivered' : `did not arrive: ${d.detail}`}`,
  'lifeboat.channel.troubled': (d) => `no answers can come in by ${d.channel}, for ${seconds(d.at - d.since)}: ${d.trouble}`,
  'lifeboat.channel.restored': (d) => `answers can come in by ${d.channel} again, after ${seconds(d.at - d.since)}`,
};
