import { FleetModel, Survivability } from '@lifeboat/planner';
import { type Figure, machine, type Took, timed } from './measure.ts';
import { region } from './region.ts';

const whole = (s: Survivability): void => {
  while (s.refresh().pending > 0);
};

/** Every host and every rack of 10,000 hosts, from nothing and after single changes. */
export const run = async ({ full }: { full: boolean }): Promise<Figure> => {
  const { fleet, clusters } = region({ hosts: 10_000, seed: 1 });
  const model = FleetModel.of(fleet);
  const s = new Survivability(model, clusters);
  const nothing = timed(() => whole(s));
  const changes: Took[] = [];
  for (let i = 0; i < (full ? 200 : 60); i++) {
    const h = fleet.hosts[(i * 131) % fleet.hosts.length];
    const v = fleet.vms[(i * 977) % fleet.vms.length];
    if (!h || !v) continue;
    if (i % 3 === 0) model.upsertHost({ ...h, usable: false });
    else if (i % 3 === 1) model.upsertVm({ ...v, host: h.host });
    else model.upsertHost({ ...h, used: { ...h.used, memoryMb: h.used.memoryMb + 20_000 } });
    // Until nothing is left to be looked at again, however many calls that takes.
    changes.push(timed(() => whole(s)));
  }
  const at = (of: (t: Took) => number, share: number) =>
    changes.map(of).sort((a, b) => a - b)[Math.min(changes.length - 1, Math.floor(changes.length * share))] as number;
  const said = (of: (t: Took) => number) => [0.5, 0.95, 1].map((share) => at(of, share).toFixed(1)).join(' / ');
  const high = at((t) => t.cpu, 0.95);
  return {
    value: `${s.all().length} failures of ${fleet.hosts.length} hosts, ${fleet.vms.length} VMs: from nothing ${(nothing.cpu / 1000).toFixed(2)} s of processor time (${(nothing.ms / 1000).toFixed(2)} s wall); after one change, median / 95 of 100 / longest: ${said((t) => t.cpu)} ms (wall ${said((t) => t.ms)}); lost ${s.lost().length}; ${machine()}`,
    asked: 'from nothing <= 5 s, after one change <= 20 ms (95 of 100)',
    met: nothing.cpu <= 5000 && high <= 20,
  };
};
