import type { Language, Verdict } from '@lifeboat/contracts';
import { chineseVerdicts } from '@lifeboat/story';

/** Everything that a person is told about a question, in the languages of the contacts. */
export interface Wording {
  readonly verdicts: Readonly<Record<Verdict, string>>;
  readonly yes: string;
  readonly no: string;
  readonly vms: (n: number) => string;
  readonly sms: (q: { region: string; hosts: string; cause: string; vms: string; code: string; until: string; link: string }) => string;
  readonly subject: (q: { hosts: string; vms: string }) => string;
  readonly what: (q: { hosts: string; cause: string; at: string }) => string;
  /** Several incidents that are asked about together: their number in a text message, what heads their list, and a line for each. */
  readonly incidents: (n: number) => string;
  readonly several: (q: { incidents: number; hosts: number }) => string;
  readonly each: (q: { hosts: string; cause: string; vms: number; stopped: number; unplaced: number }) => string;
  readonly alone: string;
  readonly partly: (q: { taken: number; of: number }) => string;
  readonly proven: (several: boolean) => string;
  readonly planned: (q: { vms: number; running: number; stopped: number; unplaced: number }) => string;
  readonly toCluster: (q: { cluster: string; hosts: number; vms: number }) => string;
  readonly howTo: (q: { code: string; until: string }) => string;
  readonly quorum: (n: number) => string;
  readonly linkSays: string;
  readonly keepSecret: string;
  readonly buttons: { readonly yes: string; readonly no: string };
  readonly labels: { readonly incident: string; readonly until: string; readonly plan: string };
  readonly labelled: (label: string, value: string) => string;
  readonly settled: (q: { hosts: string; answer: 'evacuate' | 'do-not'; by: string }) => string;
  readonly withdrawn: (q: { hosts: string; reason: string }) => string;
  readonly taken: (q: { answer: 'evacuate' | 'do-not'; quorum: number }) => string;
  readonly refused: Readonly<Record<'duplicate' | 'conflicting' | 'expired' | 'late' | 'superseded' | 'wrong-code' | 'unknown', string>>;
  readonly help: string;
  readonly newCode: string;
  readonly page: { readonly unknown: string; readonly done: string; readonly title: string };
}

const en: Wording = {
  verdicts: {
    'agent failure': 'agent failure',
    'management network failure': 'management network failure',
    'host failure': 'host failure',
    'host power failure': 'host power failure',
    'production network failure': 'production network failure',
    'production network failure of the cluster': 'production network failure of the cluster',
    'rack power failure': 'rack power failure',
    'top-of-rack switch failure': 'top-of-rack switch failure',
    'observer failure': 'observer failure',
    'VM failure': 'VM failure',
  },
  yes: 'YES',
  no: 'NO',
  vms: (n) => (n === 1 ? '1 VM' : `${n} VMs`),
  sms: (q) =>
    `Lifeboat ${q.region}: ${q.hosts} failed (${q.cause}). Evacuate ${q.vms}? Reply YES ${q.code} or NO ${q.code} by ${q.until}.${q.link}`,
  subject: (q) => `CONFIRM: evacuate ${q.vms} of ${q.hosts}?`,
  what: (q) => `${q.hosts} failed: ${q.cause} (${q.at}).`,
  incidents: (n) => `${n} incidents`,
  several: (q) => `${q.hosts} hosts failed, in ${q.incidents} incidents. One answer is for all of these:`,
  each: (q) =>
    `${q.hosts}: ${q.cause}; ${q.vms === 1 ? '1 VM' : `${q.vms} VMs`}${q.stopped > 0 ? `, ${q.stopped} of them stopped` : ''}${q.unplaced > 0 ? `; ${q.unplaced} more without a place now` : ''}`,
  alone: 'To decide about one of them alone:',
  partly: (q) => `Your answer counts for ${q.taken} of the ${q.of} incidents listed; the others' questions had ended before.`,
  proven: (several) =>
    several ? 'They are proven to run nothing any more; their VMs are down.' : 'It is proven to run nothing any more; its VMs are down.',
  planned: (q) =>
    `${q.vms === 1 ? '1 VM has' : `${q.vms} VMs have`} a place on other hosts: ${q.running} to run, ${q.stopped} stopped by their owners${q.unplaced > 0 ? `; ${q.unplaced} more without a place now` : ''}.`,
  toCluster: (q) =>
    `cluster ${q.cluster}: ${q.vms} ${q.vms === 1 ? 'VM' : 'VMs'}${q.hosts === 0 ? '' : ` on ${q.hosts} ${q.hosts === 1 ? 'host' : 'hosts'}`}`,
  howTo: (q) => `Answer this message with YES ${q.code} or NO ${q.code} by ${q.until}.`,
  quorum: (n) => `${n} people must give the same answer.`,
  linkSays: 'Or answer on this page (opening it changes nothing; only its buttons do):',
  keepSecret: 'The code is for you alone.',
  buttons: { yes: 'Yes, evacuate', no: 'No, do not evacuate' },
  labels: { incident: 'Incident', until: 'Answer by', plan: 'Plan' },
  labelled: (label, value) => `${label}: ${value}`,
  settled: (q) =>
    q.answer === 'evacuate'
      ? `${q.hosts}: ${q.by} answered YES. The evacuation begins; nothing more is asked of you.`
      : `${q.hosts}: ${q.by} answered NO. Nothing is evacuated: the host stays isolated, and each VM is listed to be handled by itself.`,
  withdrawn: (q) => `${q.hosts}: the question is withdrawn: ${q.reason}. Its code is void; if there is a new question, it comes by itself.`,
  taken: (q) =>
    `Your answer ${q.answer === 'evacuate' ? 'YES' : 'NO'} was taken.${q.quorum > 1 ? ` ${q.quorum} people must give the same answer.` : ''}`,
  refused: {
    duplicate: 'You have answered already; nothing was changed.',
    conflicting: 'Another answer was given before; yours changed nothing.',
    expired: 'The time to answer is over; your answer changed nothing.',
    late: 'The incident is over; your answer changed nothing.',
    superseded: 'This question holds no longer; your answer changed nothing. If there is a new one, it has a new code.',
    'wrong-code': 'The code is not right; your answer changed nothing. Please look at the last message again.',
    unknown: 'There is no question that waits for you; your answer changed nothing.',
  },
  help: 'Lifeboat did not understand this. Please answer with one word and the code of the question, nothing else: YES 123456 or NO 123456 (with your code).',
  newCode: 'Too many wrong codes came in. The question has a new code:',
  page: {
    unknown: 'This link is not valid, or no longer.',
    done: 'Thank you. Your answer was taken; you may close this page.',
    title: 'Lifeboat asks you',
  },
};

/** Why a question is withdrawn, as the scheduler says it; what is not known here stays as it is. */
const reasons: readonly (readonly [RegExp, (...found: string[]) => string])[] = [
  [/^host (\S+) came back$/, (host) => `主机 ${host} 已恢复`],
  [/^nobody answered in time$/, () => '无人在规定时间内答复'],
  [/^the plan changed: (\d+) VMs more to evacuate$/, (more) => `计划有变：新增 ${more} 台待疏散虚拟机`],
  [/^the plan changed: (\d+) VMs to another cluster than was said$/, (other) => `计划有变：${other} 台虚拟机改迁其他集群`],
  [
    /^the plan changed: (\d+) VMs more to evacuate, (\d+) VMs to another cluster than was said$/,
    (more, other) => `计划有变：新增 ${more} 台待疏散虚拟机，${other} 台改迁其他集群`,
  ],
  [/^(.+) has decided it by hand: evacuate$/, (by) => `${by} 已直接决定：疏散`],
  [/^(.+) has decided it by hand: do-not$/, (by) => `${by} 已直接决定：不疏散`],
];
function reasonInChinese(reason: string): string {
  for (const [pattern, say] of reasons) {
    const found = pattern.exec(reason);
    if (found !== null) return say(...found.slice(1));
  }
  return reason;
}

const zh: Wording = {
  verdicts: chineseVerdicts,
  yes: '同意',
  no: '拒绝',
  vms: (n) => `${n} 台虚拟机`,
  sms: (q) =>
    `【Lifeboat ${q.region}】${q.hosts} ${q.cause}，是否疏散 ${q.vms}？请在 ${q.until} 前回复 同意 ${q.code} 或 拒绝 ${q.code}。${q.link}`,
  subject: (q) => `请确认：是否疏散 ${q.hosts} 的 ${q.vms}？`,
  what: (q) => `${q.hosts} 发生${q.cause}（${q.at}）。`,
  incidents: (n) => `故障（共 ${n} 起事件）`,
  several: (q) => `共 ${q.incidents} 起事件，涉及 ${q.hosts} 台主机。一次答复对以下全部事件有效：`,
  each: (q) =>
    `${q.hosts}：${q.cause}，${q.vms} 台虚拟机${q.stopped > 0 ? `（其中 ${q.stopped} 台为用户关机状态）` : ''}${q.unplaced > 0 ? `，另有 ${q.unplaced} 台暂无可用位置` : ''}`,
  alone: '如需单独处理其中一起：',
  partly: (q) => `您的答复对所列 ${q.of} 起事件中的 ${q.taken} 起有效，其余事件的确认请求此前已结束。`,
  proven: (several) =>
    several ? '已确认这些主机不再运行任何程序，其上的虚拟机均已停止。' : '已确认该主机不再运行任何程序，其上的虚拟机均已停止。',
  planned: (q) =>
    `${q.vms} 台虚拟机可迁往其他主机：${q.running} 台将运行，${q.stopped} 台为用户关机状态${q.unplaced > 0 ? `；另有 ${q.unplaced} 台暂无可用位置` : ''}。`,
  toCluster: (q) => `集群 ${q.cluster}：${q.vms} 台虚拟机${q.hosts === 0 ? '' : `，分布于 ${q.hosts} 台主机`}`,
  howTo: (q) => `请在 ${q.until} 前回复本消息：同意 ${q.code} 或 拒绝 ${q.code}。`,
  quorum: (n) => `需要 ${n} 人给出相同答复。`,
  linkSays: '也可在此页面答复（打开页面不会产生任何操作，点击按钮才会）：',
  keepSecret: '验证码仅供您本人使用，请勿转发。',
  buttons: { yes: '同意疏散', no: '拒绝疏散' },
  labels: { incident: '事件', until: '答复截止', plan: '计划' },
  labelled: (label, value) => `${label}：${value}`,
  settled: (q) =>
    q.answer === 'evacuate'
      ? `${q.hosts}：${q.by} 已同意，疏散开始，无需您再答复。`
      : `${q.hosts}：${q.by} 已拒绝，不进行疏散。主机保持隔离，各虚拟机已列出，待逐一处理。`,
  withdrawn: (q) => `${q.hosts}：确认请求已撤回（${reasonInChinese(q.reason)}），原验证码作废；如有新的请求，将另行发送。`,
  taken: (q) => `已收到您的答复：${q.answer === 'evacuate' ? '同意' : '拒绝'}。${q.quorum > 1 ? `需要 ${q.quorum} 人给出相同答复。` : ''}`,
  refused: {
    duplicate: '您已答复过，本次答复未产生任何变化。',
    conflicting: '此前已有不同的答复，本次答复未产生任何变化。',
    expired: '答复时间已过，本次答复未产生任何变化。',
    late: '事件已结束，本次答复未产生任何变化。',
    superseded: '该请求已失效，本次答复未产生任何变化；如有新的请求，将使用新的验证码。',
    'wrong-code': '验证码不正确，本次答复未产生任何变化，请核对最近一条消息。',
    unknown: '目前没有等待您答复的请求，本次答复未产生任何变化。',
  },
  help: 'Lifeboat 未能理解您的回复。请只回复一个词和该请求的验证码，例如：同意 123456 或 拒绝 123456（请使用您的验证码）。',
  newCode: '收到过多错误的验证码，该请求已更换验证码：',
  page: { unknown: '链接无效或已失效。', done: '谢谢，已收到您的答复，可以关闭本页面。', title: 'Lifeboat 请您确认' },
};

export const wordings: Readonly<Record<Language, Wording>> = { en, 'zh-CN': zh };
