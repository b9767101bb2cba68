import { type DrainEvent, seconds, type Words } from '../telling.ts';

const cold = (may: boolean) => (may ? '热迁移失败时冷迁移（会重启）' : '仅热迁移，关机的冷迁移');
const outcomes = { emptied: '已腾空', partly: '部分腾空', stopped: '已停止', 'host-failed': '主机故障', 'not-begun': '未开始' } as const;
const ways = { live: '热迁移', cold: '冷迁移' } as const;
const then = { retry: '将重试', never: '不再尝试', gone: '已被用户删除', ended: '已结束' } as const;

export const drainWords: Words<DrainEvent> = {
  'lifeboat.drain.chosen': (d) => `${d.by} 要求将 ${d.host} 的${d.vms === undefined ? '全部' : ` ${d.vms.length} 台`}虚拟机迁走`,
  'lifeboat.drain.halted': (d) => `${d.by} 结束 ${d.host} 的腾空`,
  'lifeboat.drain.opened': (d) =>
    `${d.by} 要求腾空 ${d.host}：${d.vms === undefined ? '全部虚拟机' : `${d.vms.length} 台虚拟机`}，${cold(d.cold)}；${d.disable ? '不再接收新虚拟机' : '该主机未禁用'}`,
  'lifeboat.drain.planned': (d) =>
    `第 ${d.attempt} 版计划：${d.host} 的 ${d.plan.placements.length} 台虚拟机可安置${d.cold.length > 0 ? `（其中 ${d.cold.length} 台已关机，冷迁移）` : ''}，${d.plan.unplaced.length} 台暂无位置`,
  'lifeboat.migration.requested': (d) => `准备迁移 ${d.host} 的 ${d.placements.length} 台虚拟机：${cold(d.cold)}`,
  'lifeboat.drain.recalled': (d) => `${d.host} 不再开始新的迁移：${d.reason}`,
  'lifeboat.drain.waiting': (d) => `${d.host} 的腾空处于等待：${d.reason}`,
  'lifeboat.drain.closed': (d) => {
    const count = (o: string) => d.vms.filter((v) => v.outcome === o).length;
    return `${d.host} 的腾空结束，用时 ${seconds(d.at - d.openedAt)} 秒：${outcomes[d.outcome]}；已迁移 ${count('moved')} 台，保留 ${count('left')} 台，已删除 ${count('gone')} 台${d.reason === undefined ? '' : `（${d.reason}）`}${d.disabled ? '；放行前保持禁用' : ''}`;
  },
  'lifeboat.host.set-aside': (d) =>
    ({
      'by-us': `Nova 不再向 ${d.host} 放置新虚拟机`,
      'by-others': `${d.host} 此前已被禁用：${d.reason}`,
      no: `${d.host} 未禁用，Nova 仍可能放置新虚拟机`,
    })[d.disabled],
  'lifeboat.drain.failed': (d) => `${d.host} 无法停用：${d.reason}`,
  'lifeboat.migration.started': (d, vm) =>
    `虚拟机 ${vm(d)}：Nova ${d.adopted ? '此前已在' : '开始'}${ways[d.how]}至 ${d.to}${d.attempt > 1 ? `（第 ${d.attempt} 次）` : ''}`,
  'lifeboat.vm.migrated': (d, vm) =>
    `虚拟机 ${vm(d)} 已迁至 ${d.to}（${d.how === undefined ? '由他人迁移' : ways[d.how]}，${d.status}），用时 ${seconds(d.tookMs)} 秒${d.fault === undefined ? '' : `；Nova 报告：${d.fault}`}`,
  'lifeboat.migration.failed': (d, vm) => `虚拟机 ${vm(d)} 未能离开 ${d.from}：${d.reason}（${then[d.then]}）`,
};
