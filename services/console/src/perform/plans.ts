import type { Fleet, Topology } from '@lifeboat/contracts';
import { type DrainWish, drainPlan, dryRun, tellDryRun } from '@lifeboat/desk';
import type { Clock } from '@lifeboat/ports';

export type Told = Readonly<{ ok: true; lines: readonly string[] }> | Readonly<{ ok: false; problem: string }>;
/** What would happen, on the region as it is now. Nothing is done. */
export interface Plans {
  rehearse(host: string | undefined, rack: string | undefined): Promise<Told>;
  drain(host: string, wish: Pick<DrainWish, 'vms' | 'cold' | 'disable'>): Promise<Told>;
}

/** People press twice. */
const FRESH_MS = 3_000;

/** `read`: the fleet as it is now; what it throws, in words, is why no plan can be shown. */
export function plansFrom(read: (topology: Topology) => Promise<Fleet>, topology: () => Topology | null, clock: Clock): Plans {
  let last: { at: number; fleet: Promise<Fleet> } | null = null;
  const withFleet = async (tell: (fleet: Fleet, topology: Topology) => Told): Promise<Told> => {
    const t = topology();
    if (t === null) return { ok: false, problem: 'there is no topology' };
    if (last === null || clock.monotonic() - last.at > FRESH_MS) last = { at: clock.monotonic(), fleet: read(t) };
    try {
      return tell(await last.fleet, t);
    } catch (e) {
      last = null;
      return { ok: false, problem: (e as Error).message };
    }
  };
  return {
    rehearse: async (host, rack) => {
      if ((host === undefined) === (rack === undefined)) return { ok: false, problem: 'a host or a rack' };
      const fails = host === undefined ? ({ kind: 'rack', name: rack ?? '' } as const) : ({ kind: 'host', name: host } as const);
      return withFleet((fleet, t) => {
        const made = dryRun(fleet, t, fails);
        return made.ok ? { ok: true, lines: tellDryRun(made.run).split('\n') } : { ok: false, problem: made.problem };
      });
    },
    drain: (host, wish) => withFleet((fleet, t) => ({ ok: true, lines: drainPlan(fleet, t, host, wish) })),
  };
}
