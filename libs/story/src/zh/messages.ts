import type { MessageEvent, Words } from '../telling.ts';

const seconds = (ms: number) => Math.round(ms / 1000);

export const messageWords: Words<MessageEvent> = {
  'lifeboat.answer.ignored': (d) =>
    `${d.by ?? d.from} 通过 ${d.channel} 发来的内容不是有效答复（${d.reason}），未作任何改变${d.times > 1 ? `；近期共 ${d.times} 条` : ''}`,
  'lifeboat.notice.receipt': (d) => `发给 ${d.contact} 的短信${d.state === 'delivered' ? '已送达' : `未送达：${d.detail}`}`,
  'lifeboat.channel.troubled': (d) => `已有 ${seconds(d.at - d.since)} 秒无法通过 ${d.channel} 接收答复：${d.trouble}`,
  'lifeboat.channel.restored': (d) => `中断 ${seconds(d.at - d.since)} 秒后，已恢复通过 ${d.channel} 接收答复`,
};
