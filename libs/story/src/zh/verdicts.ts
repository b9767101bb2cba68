import type { Verdict } from '@lifeboat/contracts';

export const verdicts: Readonly<Record<Verdict, string>> = {
  'agent failure': '代理故障',
  'management network failure': '管理网故障',
  'host failure': '主机故障',
  'host power failure': '主机掉电',
  'production network failure': '生产网故障',
  'production network failure of the cluster': '集群生产网故障',
  'rack power failure': '机柜掉电',
  'top-of-rack switch failure': '机柜交换机故障',
  'observer failure': '监控端故障',
  'VM failure': '虚拟机故障',
};
