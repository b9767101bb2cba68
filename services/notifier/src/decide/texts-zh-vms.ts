import type { EventOf, LifeboatEvent } from '@lifeboat/contracts';
import { vmCalled, vmInShort } from '@lifeboat/story';
import type { Words } from './texts.ts';

/** In Chinese: single VMs, storage and fence devices; null: there are no words of its own. */
export function chineseVmWords(e: LifeboatEvent): Pick<Words, 'subject' | 'happened' | 'done' | 'asked'> | null {
  switch (e.type) {
    case 'lifeboat.storage.suspected':
      return {
        subject: `集群 ${e.data.cluster}：存储故障，${e.data.hosts.length} 台主机上 ${e.data.vms} 台虚拟机已暂停`,
        happened: `集群 ${e.data.cluster} 有 ${e.data.vms} 台虚拟机因 I/O 错误暂停，位于 ${e.data.hosts.slice(0, 8).join('、')}${e.data.hosts.length > 8 ? ' 等' : ''}。`,
        done: '不重启任何虚拟机；反复试探其中一台，其恢复运行后，其余虚拟机在原处继续运行。',
        asked: '请修复该集群的存储。',
      };
    case 'lifeboat.storage.cleared':
      return {
        subject: `集群 ${e.data.cluster}：存储已恢复`,
        happened: `集群 ${e.data.cluster} 的存储已恢复：${e.data.rule}。`,
        done: `仍有 ${e.data.vms} 台虚拟机处于暂停状态，现恢复运行。`,
        asked: '无需操作。',
      };
    case 'lifeboat.vm.given-up':
      return {
        subject: `${e.data.host} 上的虚拟机 ${vmInShort(e.data.vm, e.data.name)} 无法恢复`,
        happened: `${e.data.host} 上的虚拟机 ${vmCalled(e.data.vm, e.data.name)} 故障（${e.data.failure}）且已停止：${e.data.reason}`,
        done: `已尝试 ${e.data.attempts} 次，系统不再自动处理。`,
        asked: '请检查该虚拟机。',
      };
    case 'lifeboat.vm.left-alone':
      return {
        subject: `${e.data.host} 上的虚拟机 ${vmInShort(e.data.vm, e.data.name)} 故障，未作处理`,
        happened: `${e.data.host} 上的虚拟机 ${vmCalled(e.data.vm, e.data.name)} 故障（${e.data.failure}）。`,
        done: `保持原状：${e.data.reason}。`,
        asked: '若符合预期，无需操作。',
      };
    case 'lifeboat.fence.checked':
      return fenceChecked(e.data);
    default:
      return null;
  }
}

function fenceChecked(d: EventOf<'lifeboat.fence.checked'>['data']): Pick<Words, 'subject' | 'happened' | 'done' | 'asked'> {
  const what = `${d.host} 的隔离手段 ${d.method}（${d.device}）`;
  switch (d.is) {
    case 'of-another':
      return {
        subject: `请处理：${d.host} 无法隔离，其 ${d.method} 属于 ${d.other ?? '另一台主机'}`,
        happened: `${what}控制的是 ${d.other ?? '另一台主机'} 的电源：${d.detail}。`,
        done: `永不使用：否则会切断错误主机的电源。若 ${d.host} 发生故障，其虚拟机将等待人工处理或其他隔离手段。`,
        asked: '请修正拓扑文件中的地址或布线，然后重启该主机的代理。',
      };
    case 'own':
      return {
        subject: `${what}已恢复正常`,
        happened: `${what}已重新核对：它控制的确是本主机。`,
        done: '恢复使用。',
        asked: '无需操作。',
      };
    default:
      return {
        subject: `${d.host}：无法核对其 ${d.method} 控制的是哪台机器`,
        happened: `无法确认${what}属于本主机：${d.detail}。`,
        done: '按拓扑文件使用。若其他主机情况相同，不再逐一通知。',
        asked: '请人工核对一次：每台主机各有自己的隔离设备。',
      };
  }
}
