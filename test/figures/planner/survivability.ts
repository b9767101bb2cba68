import { FleetModel, Survivability } from '@lifeboat/planner';
import { type Figure, median, timed } from './measure.ts';
import { region } from './region.ts';

/** Every host and every rack of 10,000 hosts, from nothing and after single changes. */
export const run = async ({ full }: { full: boolean }): Promise<Figure> => {
  const { fleet, clusters } = region({ hosts: 10_000, seed: 1 });
  const model = FleetModel.of(fleet);
  const s = new Survivability(model, clusters);
  const nothing = timed(() => s.refresh());
  const changes: number[] = [];
  for (let i = 0; i < (full ? 200 : 60); i++) {
    const h = fleet.hosts[(i * 131) % fleet.hosts.length];
    const v = fleet.vms[(i * 977) % fleet.vms.length];
    if (!h || !v) continue;
    if (i % 3 === 0) model.upsertHost({ ...h, usable: false });
    else if (i % 3 === 1) model.upsertVm({ ...v, host: h.host });
    else model.upsertHost({ ...h, used: { ...h.used, memoryMb: h.used.memoryMb + 20_000 } });
    changes.push(timed(() => s.refresh()).ms);
  }
  changes.sort((a, b) => a - b);
  const high = changes[Math.floor(changes.length * 0.95)] as number;
  return {
    value: `${s.all().length} failures of ${fleet.hosts.length} hosts, ${fleet.vms.length} VMs: from nothing ${(nothing.ms / 1000).toFixed(2)} s, after one change median ${median(changes).toFixed(1)} ms, 95 of 100 within ${high.toFixed(1)} ms; lost ${s.lost().length}`,
    asked: 'from nothing <= 5 s, after one change <= 20 ms',
    met: nothing.ms <= 5000 && median(changes) <= 20,
  };
};
