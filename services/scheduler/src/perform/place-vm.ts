import type { PlaceVmEffect, PlaceVmResult } from '../effects.ts';
import type { FleetPlanner } from './fleet/planner.ts';

/** The best hosts for one VM that is to leave a host that is well. */
export async function placeVm(planner: FleetPlanner, e: PlaceVmEffect): Promise<PlaceVmResult> {
  const made = await planner.plan({ failedHosts: [], there: [], vms: [e.vm], exclude: e.exclude, inFlight: {} });
  if (!made.ok) return { ok: false, code: made.code, detail: made.detail };
  const placement = made.value.placements.find((p) => p.vm === e.vm);
  if (placement !== undefined) return { ok: true, to: [placement.to, ...placement.alternates], because: placement.because };
  return { ok: true, to: [], because: made.value.unplaced.find((u) => u.vm === e.vm)?.because ?? 'Nova does not have it' };
}
