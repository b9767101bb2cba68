import type { EventOf } from '@lifeboat/contracts';
import { seconds, type Words } from '../telling.ts';
import { drainWords } from './drains.ts';
import { messageWords } from './messages.ts';
import { verdicts } from './verdicts.ts';

const list = (names: readonly string[], most = 4) =>
  names.length <= most ? names.join('、') : `${names.slice(0, most).join('、')} 等 ${names.length} 个`;

const modes = { automatic: '自动', 'semi-automatic': '半自动', manual: '手动' } as const;
const failures = { crashed: '崩溃', hung: '无响应', 'io-error': '因 I/O 错误暂停' } as const;
const answers = { evacuate: '同意疏散', 'do-not': '拒绝疏散' } as const;
const actions = { retry: '重试', 'other-host': '换一台主机', 'start-on-return': '原主机恢复后启动', dismiss: '忽略' } as const;
const ways = { reboot: '硬重启', resume: '恢复运行', move: '冷迁移' } as const;
const proofs = { fence: '断电并复核', 'already-off': '原已断电', 'rack-rule': '机柜规则', person: '人工声明' } as const;
const states = {
  ...failures,
  ...{ running: '运行中', paused: '已暂停', 'shut-off': '已关机', unknown: '状态不明' },
} as const;
const outcomes = {
  evacuated: '已全部疏散',
  'partly-evacuated': '部分疏散',
  'not-evacuated': '未疏散',
  declined: '已拒绝疏散',
  withdrawn: '已撤回',
} as const;
const vmOutcomes = { running: '运行中', stopped: '关机', unevacuable: '未疏散', gone: '已删除', 'handed-over': '转交其他事件' } as const;
const waitsFor = { isolation: '隔离', confirmation: '确认', person: '人工处理', capacity: '容量', cloud: 'OpenStack' } as const;
const thens = { retry: '将重试', leave: '不再处理', gone: '已被用户删除', 'next-host': '换下一台主机', never: '不再尝试' } as const;
/** A machine's word where there is one here, else as it was said. */
const word = (table: Readonly<Record<string, string>>, said: string): string => table[said] ?? said;

/** 事件的中文说法。规则、原因等由机器给出的文字保持原样。 */
export const words: Words = {
  ...messageWords,
  ...drainWords,
  'lifeboat.agent.registered': (d) => `${d.host} 的代理已注册，有 ${d.vms.length} 台虚拟机`,
  'lifeboat.agent.reported': (d) =>
    [
      `${d.host} 的代理报告`,
      [
        d.changed.length > 0 ? `${d.changed.length} 台虚拟机${[...new Set(d.changed.map((v) => word(states, v.state)))].join('/')}` : '',
        d.gone.length > 0 ? `${d.gone.length} 台虚拟机已不在该处` : '',
        ...d.peers.map((p) => `生产网上 ${p.peer} ${p.production === 'alive' ? '可达' : '不可达'}`),
      ]
        .filter((x) => x !== '')
        .join('，'),
    ].join('：'),
  'lifeboat.agent.lost': (d) =>
    `${d.host} 的代理失联（${d.reason === 'left' ? '主动退出' : '会话过期'}），其上原有 ${d.vms.length} 台虚拟机`,
  'lifeboat.node.observed': (d) =>
    `从管理网观察 ${d.host}：${Object.entries(d.signals)
      .map(([name, s]) => `${name} ${(s as { is: string }).is}`)
      .join('，')}`,
  'lifeboat.round.completed': (d) =>
    `第 ${d.round} 轮：${d.racks.reduce((n, r) => n + r.alive, 0)} 台主机有应答，${d.racks.reduce((n, r) => n + r.dead, 0)} 台无应答${d.observer === 'cut-off' ? `；监控端被隔断：${d.reason ?? ''}` : ''}`,
  'lifeboat.agent.restarted': (d) => `${d.host} 的代理${d.succeeded ? '已重启' : `无法重启：${d.detail}`}（第 ${d.attempt} 次）`,
  'lifeboat.fence.checked': (d) =>
    d.is === 'of-another'
      ? `${d.host} 的隔离方式 ${d.method}（${d.device}）属于 ${d.other ?? '另一台主机'}：永不使用`
      : `${d.host} 的隔离方式 ${d.method}（${d.device}）${d.is === 'own' ? '确属本机' : '无法核实'}：${d.detail}`,
  'lifeboat.fault.diagnosed': (d) => `${list(d.hosts)} 发生${verdicts[d.verdict]}（${d.rule}）：${d.action}`,
  'lifeboat.fault.confirmed': (d) => `已确认 ${list(d.hosts)} ${verdicts[d.verdict]}：${d.rule}`,
  'lifeboat.fault.held': (d) => `${list(d.hosts)} 疑似失效，未采取措施：${d.reason}`,
  'lifeboat.host.quarantined': (d) => `${d.host} 近期已故障 ${d.failures} 次：须持续正常 ${seconds(d.healthyMs)} 秒才会放行`,
  'lifeboat.network.cleared': (d) => `集群 ${d.cluster} 的生产网已恢复：${d.rule}`,
  'lifeboat.fault.cleared': (d) => `${d.host} 已恢复正常（此前：${word(verdicts, d.was)}）`,
  'lifeboat.proof.contradicted': (d) =>
    `${d.host} 并未失效：曾由 ${d.proof.method}（${proofs[d.proof.kind]}）证明，但其代理未经重启即恢复；虚拟机可能同时运行两份`,
  'lifeboat.vm.failed': (d, vm) =>
    `${d.host} 上的虚拟机 ${vm(d)} ${failures[d.failure]}：${d.rule}${d.trial === true ? '；先试恢复这一台' : ''}`,
  'lifeboat.vm.cleared': (d, vm) => `${d.host} 上的虚拟机 ${vm(d)} 现为${states[d.is]}（此前${failures[d.was]}）`,
  'lifeboat.storage.suspected': (d) => `集群 ${d.cluster} 的存储疑似故障：${list(d.hosts)} 上 ${d.vms} 台虚拟机因 I/O 错误暂停，等待中`,
  'lifeboat.storage.cleared': (d) => `集群 ${d.cluster} 的存储已恢复应答：尚有 ${d.vms} 台暂停的虚拟机待恢复`,
  'lifeboat.incident.opened': (d) =>
    `事件已创建：${list(d.hosts)} ${verdicts[d.verdict]}；${d.highAvailability ? `高可用已启用，${modes[d.automation]}` : '高可用已关闭'}`,
  'lifeboat.isolation.requested': (d) => `需要隔离 ${d.host}${d.proof === undefined ? '' : `；证明：${proofs[d.proof.kind]}`}`,
  'lifeboat.isolation.recalled': (d) => `${d.host} 在隔离前已恢复：撤回隔离指令`,
  'lifeboat.plan.made': (d) =>
    `第 ${d.attempt} 版计划：${d.plan.placements.length} 台虚拟机可安置，${d.plan.unplaced.length} 台暂无位置（任何计划最多可安置 ${d.plan.certificate.upperBound} 台）`,
  'lifeboat.evacuation.requested': (d) =>
    `准备疏散 ${d.host} 的 ${d.placements.length} 台虚拟机；失效证明：${proofs[d.proof.kind]}（${d.proof.method}）`,
  'lifeboat.vm.unevacuable': (d, vm) =>
    d.drained ? `从 ${d.host} 排空的虚拟机 ${vm(d)} 需要人工处理：${d.reason}` : `${d.host} 的虚拟机 ${vm(d)} 无法疏散：${d.reason}`,
  'lifeboat.vm.verified': (d, vm) => `虚拟机 ${vm(d)} 已在 ${d.host} 运行，经其代理确认`,
  'lifeboat.vm.handed-over': (d, vm) => `虚拟机 ${vm(d)} 转交 ${d.to}：其新主机也发生故障`,
  'lifeboat.incident.waiting': (d) => `等待${waitsFor[d.for]}：${d.reason}`,
  'lifeboat.incident.closed': (d) => `事件在 ${seconds(d.at - d.openedAt)} 秒后关闭：${outcomes[d.outcome]}；${closing(d.vms)}`,
  'lifeboat.release.requested': (d) => `${d.host} 已清理且正常：可重新接收虚拟机`,
  'lifeboat.confirmation.requested': (d) => `正在请人确认：${d.summary}`,
  'lifeboat.confirmation.received': (d) => `${d.by} 通过 ${d.channel} 答复：${word(answers, d.answer)}`,
  'lifeboat.confirmation.settled': (d) => `已答复：${word(answers, d.answer)}，答复人 ${d.by}`,
  'lifeboat.confirmation.refused': (d) => `一次答复未产生变化：${d.reason}`,
  'lifeboat.confirmation.expired': (d) => `确认请求已撤回：${d.reason}`,
  'lifeboat.evacuation.chosen': (d) =>
    d.answer === 'evacuate' ? `${d.by} 开始疏散 ${d.placements.length} 台虚拟机` : `${d.by} 决定不疏散`,
  'lifeboat.statement.made': (d) => `${d.by} 声明 ${d.host} 已停机：${d.words}`,
  'lifeboat.release.approved': (d) => `${d.by} 允许 ${d.host} 重新接收虚拟机`,
  'lifeboat.item.decided': (d, vm) => `${d.by} 对虚拟机 ${vm(d)} 作出决定：${actions[d.action]}`,
  'lifeboat.item.closed': (d, vm) =>
    `虚拟机 ${vm(d)} 无需再处理：${{ dismissed: '已忽略', runs: '已运行', retried: '已重新处理' }[d.how]}${d.host === undefined ? '' : `（${d.host}）`}`,
  'lifeboat.items.waiting': (d) => `仍有 ${d.items.length} 台${d.items.every((x) => x.drained) ? '排空时遗留' : '未疏散'}的虚拟机等待处理`,
  'lifeboat.order.refused': (d) => `${d.by} 的指令未执行：${d.reason}`,
  'lifeboat.notice.sent': (d) => `已通过 ${d.channel} 通知 ${d.contact}：${d.subject}`,
  'lifeboat.notice.failed': (d) => `无法通过 ${d.channel} 通知 ${d.contact}：${d.reason}`,
  'lifeboat.host.isolated': (d) => `已证明 ${d.host} 失效：${d.proof.detail}`,
  'lifeboat.isolation.failed': (d) =>
    `${d.host} 无法隔离（第 ${d.attempt} 次）：${d.methods.map((m) => `${m.method}：${m.code}`).join('；') || '没有隔离方式'}`,
  'lifeboat.isolation.withdrawn': (d) => `${d.host} 未作处理`,
  'lifeboat.host.shut-out': (d) => `${d.host} 已在 Nova 中强制下线并禁用`,
  'lifeboat.evacuation.started': (d, vm) =>
    `虚拟机 ${vm(d)}：Nova ${d.adopted ? '此前已在疏散' : '开始疏散'}${d.to === undefined ? '' : `至 ${d.to}`}`,
  'lifeboat.vm.evacuated': (d, vm) => `据 Nova，虚拟机 ${vm(d)} 已在 ${d.to}（${d.status}），用时 ${seconds(d.tookMs)} 秒`,
  'lifeboat.evacuation.failed': (d, vm) =>
    `虚拟机 ${vm(d)} 无法疏散${d.to === undefined ? '' : `至 ${d.to}`}：${d.reason}（${thens[d.then]}）`,
  'lifeboat.release.delayed': (d) => `${d.host} 已正常，但 Nova 在 ${seconds(d.at - d.since)} 秒内一直不允许其接收虚拟机：${d.reason}`,
  'lifeboat.host.released': (d) => `${d.host} 重新接收虚拟机`,
  'lifeboat.redundancy.lost': (d) => {
    const [first] = d.targets;
    return `冗余已丧失：${rehearsed(d)} 若失效将有虚拟机无处安置（${first?.name ?? ''} 的 ${first?.vms ?? 0} 台中 ${first?.without ?? 0} 台）`;
  },
  'lifeboat.redundancy.restored': (d) => `冗余已恢复：${rehearsed(d)} 若失效，其虚拟机均可安置`,
  'lifeboat.restart.requested': (d, vm) =>
    `准备恢复虚拟机 ${vm(d)}：${ways[d.how]}，${d.to?.[0] === undefined ? `在 ${d.host}` : `至 ${d.to[0]}`}（第 ${d.attempt} 次）`,
  'lifeboat.restart.recalled': (d, vm) => `虚拟机 ${vm(d)} 无需再重启：${d.reason}`,
  'lifeboat.vm.restarted': (d, vm) =>
    `虚拟机 ${vm(d)}：Nova ${d.adopted ? '此前已' : '已'}在 ${d.host} 完成${ways[d.how]}，用时 ${seconds(d.tookMs)} 秒`,
  'lifeboat.restart.failed': (d, vm) => `虚拟机 ${vm(d)} 未能恢复（${ways[d.how]}）：${d.reason}（${thens[d.then]}）`,
  'lifeboat.vm.recovered': (d, vm) =>
    `虚拟机 ${vm(d)} 已在 ${d.host} 恢复运行（此前${failures[d.failure]}），用时 ${seconds(d.tookMs)} 秒，共 ${d.attempts} 次尝试`,
  'lifeboat.vm.left-alone': (d, vm) => `${d.host} 上的虚拟机 ${vm(d)}（${failures[d.failure]}）未作处理：${d.reason}`,
  'lifeboat.vm.given-up': (d, vm) => `${d.host} 上的虚拟机 ${vm(d)}（${failures[d.failure]}）无法恢复：${d.reason}`,
  'lifeboat.event.rejected': (d) => `${d.by} 无法读取 ${d.from}：${d.reason}`,
};

const rehearsed = (d: EventOf<'lifeboat.redundancy.lost'>['data']): string =>
  list(d.targets.map((t) => `${t.kind === 'host' ? '主机' : '机柜'} ${t.name}`)) + (d.more === 0 ? '' : `（另有 ${d.more} 个）`);

const closing = (vms: EventOf<'lifeboat.incident.closed'>['data']['vms']): string => {
  const counts = new Map<string, number>();
  for (const v of vms) counts.set(vmOutcomes[v.outcome], (counts.get(vmOutcomes[v.outcome]) ?? 0) + 1);
  return vms.length === 0 ? '没有虚拟机' : [...counts].map(([outcome, n]) => `${n} 台${outcome}`).join('，');
};
