import type { Instant } from '@lifeboat/kernel';
import { type SimHost, type SimVm, wellFence } from './model.ts';

/** Hosts and VMs as they are before anything has happened to them. */
export const freshHost = (spec: SimHost['spec'], bootId: string, now: Instant): SimHost => ({
  spec,
  switchedOn: true,
  os: 'up',
  bootId,
  life: 1,
  poweredAt: now,
  managementLink: true,
  productionLink: true,
  compute: true,
  computeLife: 1,
  agent: true,
  agentBroken: false,
  libvirtAnswers: true,
  fences: new Map(spec.fences.map((name) => [name, { name, ...wellFence }])),
  onManagement: true,
  onProduction: true,
});

export const freshVm = (spec: SimVm['spec'], now: Instant): SimVm => ({
  spec,
  ownerStopped: spec.ownerStopped,
  deleted: false,
  copies: new Map(spec.ownerStopped ? [] : [[spec.host, { startedAt: now, state: 'running', since: now }]]),
  defined: new Map(spec.ownerStopped ? [[spec.host, { state: 'shut-off', reason: 'shutdown', since: now }]] : []),
  runs: spec.ownerStopped ? [] : [{ host: spec.host, from: now, to: null }],
});
