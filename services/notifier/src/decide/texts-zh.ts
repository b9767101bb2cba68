import type { EventOf, LifeboatEvent } from '@lifeboat/contracts';
import { type Instant, isoTime } from '@lifeboat/kernel';
import { chineseVerdicts as verdicts, vmCalled, vmInShort } from '@lifeboat/story';
import type { IncidentMemo } from '../state.ts';
import type { Words } from './texts.ts';
import { chineseVmWords } from './texts-zh-vms.ts';

/** The notices in Chinese. What a machine says (rules, reasons, evidence, codes) stays as it was said. */
type Said = Pick<Words, 'subject' | 'happened' | 'done' | 'asked'> & Partial<Pick<Words, 'details'>>;

const NOTHING = '无需操作。';
const list = (items: readonly string[], most = 8) =>
  items.length <= most ? items.join('、') : `${items.slice(0, most).join('、')} 等 ${items.length} 个`;
const hostsOf = (memo: IncidentMemo | undefined, incident: string) => (memo === undefined ? incident : list(memo.hosts, 3));

const target = (t: { readonly kind: 'host' | 'rack'; readonly name: string }) => `${t.kind === 'rack' ? '机架' : '主机'} ${t.name}`;

function withoutPlace(t: EventOf<'lifeboat.redundancy.lost'>['data']['targets'][number]): string {
  const vms = t.names.map((vm, i) => vmCalled(vm, t.called?.[i])).join('、');
  const rest = t.without > t.names.length && vms !== '' ? ` 等 ${t.without} 台` : '';
  return `${target(t)}：${t.vms} 台虚拟机中有 ${t.without} 台无处安置${vms === '' ? '' : `：${vms}${rest}`}`;
}

/** Null: there are no words of its own; the English ones are sent. */
export function chineseWords(e: LifeboatEvent, memo: IncidentMemo | undefined): Said | null {
  switch (e.type) {
    case 'lifeboat.fault.diagnosed':
      return e.data.cluster === undefined ? diagnosed(e) : networkFailed(e, e.data.cluster);
    case 'lifeboat.network.cleared':
      return {
        subject: `集群 ${e.data.cluster}：生产网已恢复`,
        happened: `集群 ${e.data.cluster} 的生产网已恢复：${e.data.rule}。`,
        done: '未做任何操作。',
        asked: NOTHING,
      };
    case 'lifeboat.fault.held':
      return {
        subject: `已暂停：${e.data.hosts.length} 台主机疑似失效，未疏散`,
        happened: `${list(e.data.hosts)} 疑似失效，但证据不足以采信：${e.data.reason}`,
        done: '有意不做任何操作；有新证据时重新判断。',
        asked:
          '请立即确认这些主机是否真的失效，还是仅 Lifeboat 的监控视角异常。若已亲自确认某主机停机，请作声明（控制台，或 lifeboat statement --host），随后疏散。',
      };
    case 'lifeboat.fault.confirmed':
      return confirmed(e);
    case 'lifeboat.incident.opened':
      return opened(e);
    case 'lifeboat.host.isolated':
      return {
        subject: `${e.data.host}：已隔离`,
        happened: `已确认 ${e.data.host} 不再运行任何程序（${e.data.proof.kind}：${e.data.proof.method}）。`,
        done: '其上的虚拟机可在其他主机启动。',
        asked: NOTHING,
      };
    case 'lifeboat.isolation.failed':
      return {
        subject: e.data.methods.some((m) => m.code === 'FENCE_DISBELIEVED')
          ? `请立即处理：${e.data.host} 无法隔离且仍在运行，其虚拟机可能同时运行两份`
          : `请处理：${e.data.host} 无法隔离，其虚拟机已停止并等待`,
        happened: `${e.data.host} 发生故障，所有隔离手段均无法证明其已断电。`,
        done: `未疏散：虚拟机不得同时运行两份。${isoTime(e.data.nextAt)} 起再次尝试。`,
        asked: `请到现场确认 ${e.data.host} 已断电，并在 Lifeboat 中声明；或修复其隔离设备。`,
      };
    case 'lifeboat.incident.waiting':
      return {
        subject: `请处理：${hostsOf(memo, e.data.incident)}：等待${waitsFor[e.data.for].what}`,
        happened: `事件无法自行继续：${e.data.reason}`,
        done: '事件处于等待状态，条件满足后自动继续。',
        asked: waitsFor[e.data.for].asked,
      };
    case 'lifeboat.plan.made':
      return planMade(e, memo);
    case 'lifeboat.vm.unevacuable':
      return e.data.drained ? afterDrain(e) : unevacuable(e);
    case 'lifeboat.incident.closed':
      return closed(e);
    default:
      return othersInChinese(e);
  }
}

function othersInChinese(e: LifeboatEvent): Said | null {
  switch (e.type) {
    case 'lifeboat.redundancy.lost':
      return {
        subject: `冗余已丧失：${list(e.data.targets.map((t) => t.name))} 若再失效将有虚拟机无处安置`,
        happened: `以下任一目标此刻失效，其虚拟机将无法全部安置：${list(e.data.targets.map(target))}。`,
        done: '目前没有故障，仅为预判。',
        asked: '请在故障发生前释放或增加容量。',
        details: e.data.targets.map(withoutPlace),
      };
    case 'lifeboat.redundancy.restored':
      return {
        subject: '冗余已恢复',
        happened: `以下目标的虚拟机均可重新安置：${list(e.data.targets.map(target))}。`,
        done: '未做任何操作。',
        asked: NOTHING,
      };
    case 'lifeboat.items.waiting':
      return itemsWaiting(e);
    case 'lifeboat.order.refused':
      return {
        subject: `${e.data.about}：${e.data.by} 的指令未执行`,
        happened: `${e.data.by} 对 ${e.data.about} 下达了指令 ${e.data.order.replace('lifeboat.', '')}。`,
        done: `未做任何操作：${e.data.reason}。`,
        asked: '请重新核对；如仍需要，请再次下达指令。',
      };
    case 'lifeboat.release.delayed':
      return {
        subject: `${e.data.host} 已恢复正常，但 Nova 不允许其接收虚拟机`,
        happened: `自 ${isoTime(e.data.since)} 起尝试恢复使用 ${e.data.host}，Nova 拒绝：${e.data.reason}`,
        done: '该主机仍处于强制下线或禁用状态，系统每隔数秒重试；其虚拟机已在其他主机运行。',
        asked: `请在 ${e.data.host} 上重启 nova-compute：只有启动时才会清理已疏散的虚拟机。如仍不行，请查看其日志。`,
      };
    case 'lifeboat.proof.contradicted':
      return {
        subject: `请立即处理：${e.data.host} 仍在运行，其虚拟机可能同时运行两份`,
        happened: `依据 ${e.data.proof.method}（${e.data.proof.kind}）曾判定 ${e.data.host} 已断电，但其 agent 未经重启即已恢复：该主机从未断电。`,
        done: '不再据此疏散虚拟机，也不会自动恢复使用该主机；如有其他隔离方式，系统会继续尝试。',
        asked: `请立即手动切断 ${e.data.host} 的电源并确认已断电；若事件尚未结束，请再执行：lifeboat statement --host ${e.data.host}。请检查其虚拟机的磁盘并修复隔离设备。`,
      };
    case 'lifeboat.host.quarantined':
      return {
        subject: `${e.data.host} 近期已故障 ${e.data.failures} 次：延长隔离`,
        happened: `${e.data.host} 恢复使用后再次故障，近期共 ${e.data.failures} 次。`,
        done: `恢复后须持续正常 ${Math.ceil(e.data.healthyMs / 60_000)} 分钟才会接收虚拟机，每多一次故障时间更长。`,
        asked: `请查明故障原因后再使用。如需提前恢复：lifeboat release --host ${e.data.host}`,
      };
    case 'lifeboat.channel.troubled':
      return {
        subject: `无法通过 ${e.data.channel} 接收答复`,
        happened: `自 ${isoTime(e.data.since)} 起无法通过 ${e.data.channel} 接收答复：${e.data.trouble}`,
        done: '系统持续重试；发往该处的答复会等待，或由运营商重发。',
        asked: '请修复；在此期间请用其他方式答复（其他渠道、链接、lifeboat evacuate）。',
      };
    case 'lifeboat.channel.restored':
      return {
        subject: `已恢复通过 ${e.data.channel} 接收答复`,
        happened: `自 ${isoTime(e.data.since)} 起中断的 ${e.data.channel} 已恢复。`,
        done: '等待中的答复现已读取。',
        asked: NOTHING,
      };
    default:
      return chineseVmWords(e);
  }
}

const diagnosed = ({ data: d }: EventOf<'lifeboat.fault.diagnosed'>): Said => ({
  subject: `${list(d.hosts, 3)}：${verdicts[d.verdict]}，虚拟机保持原位`,
  happened: `${list(d.hosts)} 发生${verdicts[d.verdict]}。`,
  done: `未移动任何虚拟机：它们可能仍在该处运行。（${d.action}）`,
  asked: '请在方便时检查该主机或其网络。',
});

const networkFailed = ({ data: d }: EventOf<'lifeboat.fault.diagnosed'>, cluster: string): Said => ({
  subject: `集群 ${cluster}：${d.hosts.length} 台主机的生产网故障`,
  happened: `集群 ${cluster} 的主机仍在运行，但在生产网上互不可达：${list(d.hosts)}。`,
  done: '未移动任何虚拟机：集群内没有状况更好的主机。恢复后将通知您。',
  asked: `请检查集群 ${cluster} 的生产网（VLAN、交换机）。`,
});

const confirmed = ({ data: d }: EventOf<'lifeboat.fault.confirmed'>): Said => ({
  subject: `${list(d.hosts, 3)}：${verdicts[d.verdict]}`,
  happened: `${list(d.hosts)} 发生${verdicts[d.verdict]}，最初怀疑时间 ${isoTime(d.suspectedAt)}。`,
  done: `已创建事件；${d.rackRule ? '依据机柜规则，已确认这些主机失效' : '接下来隔离这些主机'}。`,
  asked: '暂无。',
});

const opened = ({ data: d }: EventOf<'lifeboat.incident.opened'>): Said => {
  const modes = { automatic: '自动', 'semi-automatic': '半自动', manual: '手动' } as const;
  const asked = {
    automatic: '无需操作：虚拟机将自动疏散。',
    'semi-automatic': '稍后将请您确认是否疏散。',
    manual: '请选择要疏散的主机。',
  } as const;
  return {
    subject: `${list(d.hosts, 3)}：事件已创建，${d.highAvailability ? modes[d.automation] : '高可用已关闭'}`,
    happened: `${list(d.hosts)} 发生${verdicts[d.verdict]}（集群 ${list(d.clusters)}）。`,
    done: '正在隔离这些主机。',
    asked: d.highAvailability ? asked[d.automation] : '该集群未启用高可用，其虚拟机不会移动，请逐一决定。',
  };
};

const waitsFor: Record<EventOf<'lifeboat.incident.waiting'>['data']['for'], { what: string; asked: string }> = {
  isolation: { what: '隔离', asked: '请确认主机已断电并在 Lifeboat 中声明，或修复其隔离设备。' },
  confirmation: { what: '确认', asked: '请答复确认请求。' },
  person: { what: '人工处理', asked: '请在 Lifeboat 中决定如何继续。' },
  capacity: { what: '容量', asked: '请释放或增加容量：有虚拟机等待安置。' },
  cloud: { what: 'OpenStack', asked: '请确保 OpenStack API 可用。' },
};

const planMade = ({ data: d }: EventOf<'lifeboat.plan.made'>, memo: IncidentMemo | undefined): Said => {
  const { placements, unplaced } = d.plan;
  const hosts = new Set(placements.map((p) => p.to)).size;
  return {
    subject: `${hostsOf(memo, d.incident)}：${placements.length + unplaced.length} 台虚拟机中 ${placements.length} 台可安置`,
    happened: `已制定疏散计划${d.attempt > 1 ? `（第 ${d.attempt} 版）` : ''}。`,
    done: `${placements.length} 台虚拟机安置于 ${hosts} 台主机${unplaced.length > 0 ? `，${unplaced.length} 台暂无可用位置` : ''}。`,
    asked: unplaced.length > 0 ? '请查看下列暂无可用位置的虚拟机。' : NOTHING,
  };
};

const outcomes = {
  evacuated: '全部虚拟机已在其他主机',
  'partly-evacuated': '部分虚拟机未恢复',
  'not-evacuated': '未疏散任何虚拟机',
  declined: '疏散已被拒绝',
  withdrawn: '已撤回，主机正常',
} as const;
const unevacuable = ({ data: d }: EventOf<'lifeboat.vm.unevacuable'>): Said => ({
  subject: `${d.host}：虚拟机 ${vmInShort(d.vm, d.name)} 未疏散`,
  happened: `${d.host} 上的虚拟机 ${vmCalled(d.vm, d.name)} 已停止且未疏散：${d.reason}`,
  done: '已单独列出，其余虚拟机继续处理。',
  asked: `请在 Lifeboat 中决定：${d.actions.join('、') || 'dismiss'}。`,
});

const afterDrain = ({ data: d }: EventOf<'lifeboat.vm.unevacuable'>): Said => ({
  subject: `排空 ${d.host}：虚拟机 ${vmInShort(d.vm, d.name)} 需要人工处理`,
  happened: `虚拟机 ${vmCalled(d.vm, d.name)} 原应迁离 ${d.host}（该主机正常）：${d.reason}`,
  done: '其余虚拟机继续迁移；该虚拟机不会再自动处理。',
  asked: `请查看；处理完毕后执行：lifeboat item ${d.vm} dismiss。`,
});

function itemsWaiting({ data: d }: EventOf<'lifeboat.items.waiting'>): Said {
  const drained = d.items.every((x) => x.drained);
  const hosts = list([...new Set(d.items.map((x) => x.host))], 3);
  const [n, again] = [d.items.length, `第 ${d.reminder} 次提醒：`];
  return {
    subject: drained ? `${again}排空 ${hosts}：${n} 台虚拟机需要人工处理` : `${again}${hosts} 有 ${n} 台虚拟机未疏散`,
    happened: `${d.incident} 中有 ${n} 台虚拟机${drained ? '' : '停止运行，'}等待处理。`,
    done: '系统不会再自动处理。',
    asked: drained
      ? '请逐一查看；处理完毕后 dismiss（lifeboat items）。'
      : '请逐一决定：retry、other-host、start-on-return 或 dismiss（lifeboat items）。',
  };
}

const closed = ({ data: d }: EventOf<'lifeboat.incident.closed'>): Said => {
  const count = (outcome: string) => d.vms.filter((v) => v.outcome === outcome).length;
  const left = count('unevacuable');
  return {
    subject: `${list(d.hosts, 3)}：事件已关闭，${outcomes[d.outcome]}（${count('running') + count('stopped')}/${d.vms.length - count('gone')}）`,
    happened: `${list(d.hosts)} 的事件在 ${duration(d.openedAt, d.at)}后关闭。`,
    done: `${count('running')} 台运行中，${count('stopped')} 台保持原先的关机状态，${left} 台未疏散，${count('gone')} 台已被用户删除。`,
    asked: left > 0 ? '请处理未疏散的虚拟机，并修复主机。' : d.outcome === 'withdrawn' ? NOTHING : '今晚无需操作，请在工作时间修复主机。',
  };
};

const duration = (from: Instant, to: Instant) => {
  const s = Math.max(0, Math.round((to - from) / 1000));
  return s < 120 ? `${s} 秒` : `${Math.floor(s / 60)} 分 ${s % 60} 秒`;
};
