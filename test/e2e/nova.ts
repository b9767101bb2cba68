import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describeFailure, type HostId, type Outcome, type VmId } from '@lifeboat/kernel';
import Type from 'typebox';
import type { Lab } from '../openstack-lab/lab.ts';

const run = promisify(execFile);
const computeSh = join(import.meta.dirname, '../openstack-lab/compute.sh');
const latest = { best: [2, 93], least: [2, 74] } as const;
const placement = { best: [1, 17], least: [1, 17] } as const;
const LIMIT_MS = 60_000;

const Services = Type.Object({
  services: Type.Array(
    Type.Object({
      id: Type.String(),
      host: Type.String(),
      status: Type.String(),
      state: Type.String(),
      forced_down: Type.Boolean(),
      updated_at: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
});
const Migrations = Type.Object({
  migrations: Type.Array(
    Type.Object({ instance_uuid: Type.String(), status: Type.String(), source_compute: Type.String(), created_at: Type.String() }),
  ),
});
const Providers = Type.Object({ resource_providers: Type.Array(Type.Object({ uuid: Type.String(), name: Type.String() })) });
const Inventories = Type.Object({
  inventories: Type.Record(
    Type.String(),
    Type.Object({ total: Type.Integer(), reserved: Type.Integer(), allocation_ratio: Type.Number() }),
  ),
});
const Usages = Type.Object({ usages: Type.Record(Type.String(), Type.Integer()) });
const Allocations = Type.Object({ allocations: Type.Record(Type.String(), Type.Unknown()) });

export type NovaService = Type.Static<typeof Services>['services'][number];

export const must = <T>(o: Outcome<T>): T => {
  if (!o.ok) throw new Error(`lab: ${describeFailure(o)}`);
  return o.value;
};
const signal = () => AbortSignal.timeout(LIMIT_MS);

export const until = async (what: string, limitMs: number, isSo: () => Promise<boolean>, everyMs = 500): Promise<void> => {
  const end = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
    await sleep(everyMs);
  }
};

/** What a test asks of Nova and Placement apart from Lifeboat's own client of them. */
export const novaOf = ({ compute, placement: places }: Lab) => {
  const services = async (): Promise<readonly NovaService[]> =>
    must(await compute.read(Services, { path: '/os-services', query: { binary: 'nova-compute' }, version: latest, signal: signal() }))
      .services;
  const serviceOf = async (host: string): Promise<NovaService> => {
    const found = (await services()).find((s) => s.host === host);
    if (found === undefined) throw new Error(`lab: Nova has no compute service on ${host}`);
    return found;
  };
  const put = async (id: string, body: Readonly<Record<string, unknown>>) =>
    compute.send({ method: 'PUT', path: `/os-services/${id}`, body, version: latest, signal: signal() });
  const providers = async () =>
    must(await places.read(Providers, { path: '/resource_providers', version: placement, signal: signal() })).resource_providers;

  return {
    services,
    serviceOf,
    forceDown: async (host: HostId) => void must(await put((await serviceOf(host)).id, { forced_down: true })),
    evacuate: async (vm: VmId) =>
      void must(
        await compute.send({ method: 'POST', path: `/servers/${vm}/action`, body: { evacuate: {} }, version: latest, signal: signal() }),
      ),
    /** Every evacuation record away from a host, newest first. */
    evacuationsFrom: async (host: HostId) =>
      must(
        await compute.read(Migrations, {
          path: '/os-migrations',
          query: { migration_type: 'evacuation', source_compute: host },
          version: { best: [2, 80], least: [2, 80] },
          signal: signal(),
        }),
      ).migrations,
    /** Forced-down cleared and enabled, as soon as Nova lets us: after its compute has cleaned up. */
    restore: async (host: HostId): Promise<void> => {
      await until(`${host} restored`, 90_000, async () => {
        const s = await serviceOf(host);
        if (s.forced_down && !(await put(s.id, { forced_down: false })).ok) return false;
        // enabled while it is down, it would stay disabled in Placement until it is started again
        if ((await serviceOf(host)).state !== 'up') return false;
        if (s.status !== 'enabled') must(await put(s.id, { status: 'enabled' }));
        return true;
      });
    },
    /** By provider: what is used and what may be, and which consumers hold allocations there. */
    books: async () =>
      Promise.all(
        (await providers()).map(async (p) => {
          const read = { version: placement, signal: signal() };
          const of = `/resource_providers/${p.uuid}`;
          const { inventories } = must(await places.read(Inventories, { path: `${of}/inventories`, ...read }));
          const { usages } = must(await places.read(Usages, { path: `${of}/usages`, ...read }));
          const { allocations } = must(await places.read(Allocations, { path: `${of}/allocations`, ...read }));
          const over = Object.entries(inventories).flatMap(([name, i]) => {
            const capacity = Math.floor((i.total - i.reserved) * i.allocation_ratio);
            const used = usages[name] ?? 0;
            return used > capacity ? [`${p.name}: ${used} of ${capacity} ${name}`] : [];
          });
          return { host: p.name, over, consumers: Object.keys(allocations) };
        }),
      ),
  };
};
export type NovaView = ReturnType<typeof novaOf>;

const pidOf = (process_: string): number =>
  Number(readFileSync(`${process.env.RUN ?? '/run/openstack-lab'}/${process_}.pid`, 'utf8').split(' ')[0]);
/** SIGKILL to a lab host's nova-compute alone; the host stays on. */
export const killCompute = (n: number): void => void process.kill(pidOf(`nova-compute-${n}`), 'SIGKILL');
/** Nova's API with its workers: it takes connections and answers none, and goes on with what it had in hand. */
export const novaApi = {
  pause: async (): Promise<void> => void process.kill(-pidOf('nova-api'), 'SIGSTOP'),
  resume: async (): Promise<void> => void process.kill(-pidOf('nova-api'), 'SIGCONT'),
};
/** Starts the compute apart from its host, as the lab itself does. */
export const startCompute = (n: number) => run(computeSh, ['start', String(n)], { timeout: 60_000 });
