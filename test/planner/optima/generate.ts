/**
 * Finds the exact optima of the instances with HiGHS and writes them to optima.json; the tests need no solver. Run:
 *   node test/planner/optima/generate.ts [first seed] [seeds per family] [family ...]
 * Only what the solver proved optimal is kept. Per priority, most urgent first: VMs placed; then VMs in their first
 * choice of clusters.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { FleetVm } from '@lifeboat/contracts';
import type { PlanRequest } from '@lifeboat/planner';
import * as highs from 'highs';
import { type Family, families, instance } from './instances.ts';
import { digestOf, type Optimum } from './optimum.ts';

const file = new URL('optima.json', import.meta.url);
const SECONDS = 40;

const clustersOf = (q: PlanRequest, v: FleetVm): string[] => {
  const { policy } = [...q.clusters.values()][0] as { policy: string };
  if (policy === 'own-cluster' || v.performance === 'standard') return ['own'];
  return policy === 'own-cluster-then-high-performance' ? ['own', 'fast'] : ['fast', 'own'];
};

/** Counts of alike VMs per host: x(kind, host). */
const model = (q: PlanRequest) => {
  const kinds = new Map<string, { vms: FleetVm[]; clusters: string[] }>();
  for (const v of q.fleet.vms) {
    const key = JSON.stringify([v.size, v.priority, v.group, clustersOf(q, v)]);
    const k = kinds.get(key) ?? { vms: [], clusters: clustersOf(q, v) };
    k.vms.push(v);
    kinds.set(key, k);
  }
  const rows: string[] = [];
  const bounds: string[] = [];
  const names: { name: string; priority: number; first: boolean }[] = [];
  const perHost = new Map<string, { name: string; vm: FleetVm }[]>();
  [...kinds.values()].forEach((k, t) => {
    const mine: string[] = [];
    q.fleet.hosts.forEach((h, j) => {
      const vm = k.vms[0] as FleetVm;
      const most = Math.min(
        k.vms.length,
        ...(['vcpus', 'memoryMb', 'diskGb'] as const).map((r) => Math.floor(h.capacity[r] / Math.max(1, vm.size[r]))),
      );
      if (!h.usable || most < 1 || !k.clusters.includes(h.cluster)) return;
      const name = `x${t}_${j}`;
      mine.push(name);
      bounds.push(`0 <= ${name} <= ${vm.group === undefined ? most : 1}`);
      names.push({ name, priority: vm.priority, first: k.clusters[0] === h.cluster });
      perHost.set(h.host, [...(perHost.get(h.host) ?? []), { name, vm }]);
    });
    if (mine.length > 0) rows.push(`${mine.join(' + ')} <= ${k.vms.length}`);
  });
  for (const h of q.fleet.hosts) {
    const here = perHost.get(h.host) ?? [];
    if (here.length === 0) continue;
    for (const r of ['vcpus', 'memoryMb', 'diskGb'] as const)
      rows.push(`${here.map((x) => `${x.vm.size[r]} ${x.name}`).join(' + ')} <= ${h.capacity[r]}`);
    for (const g of new Set(here.map((x) => x.vm.group))) {
      const members = here.filter((x) => x.vm.group === g);
      if (g !== undefined && members.length > 1) rows.push(`${members.map((x) => x.name).join(' + ')} <= 1`);
    }
  }
  return { rows, bounds, names };
};

const wrap = (s: string) => s.replace(/(.{1,400}) \+ /g, '$1\n + ');
// Its types are written for require(): what import gives as default they call the whole module.
const load = highs.default as unknown as () => Promise<highs.LegacyHighs>;
const solver = await load();

const most = (m: ReturnType<typeof model>, extra: string[], of: { name: string }[]): number | undefined => {
  if (of.length === 0) return 0;
  const rows = [...m.rows, ...extra].map((r, i) => `c${i}: ${wrap(r)}`).join('\n');
  const text = `Maximize\nobj: ${wrap(of.map((x) => x.name).join(' + '))}\nSubject To\n${rows}\nBounds\n${m.bounds.join('\n')}\nGeneral\n${m.names.map((x) => x.name).join('\n')}\nEnd\n`;
  const s = solver.solve(text, { time_limit: SECONDS, mip_rel_gap: 0, mip_abs_gap: 0.99, output_flag: false } as object);
  return s.Status === 'Optimal' ? Math.round(s.ObjectiveValue) : undefined;
};

const optimumOf = (family: Family, seed: number): Optimum | undefined => {
  const q = instance(family, seed);
  const m = model(q);
  const extra: string[] = [];
  const placed: number[] = [];
  for (const p of [...new Set(q.fleet.vms.map((v) => v.priority))].sort((a, b) => a - b)) {
    const of = m.names.filter((x) => x.priority === p);
    const n = most(m, extra, of);
    if (n === undefined) return undefined;
    placed.push(n);
    if (n > 0) extra.push(`${of.map((x) => x.name).join(' + ')} >= ${n}`);
  }
  const tiered = [...q.clusters.values()].some((c) => c.policy !== 'own-cluster');
  const first = tiered
    ? most(
        m,
        extra,
        m.names.filter((x) => x.first),
      )
    : placed.reduce((a, b) => a + b, 0);
  return first === undefined ? undefined : { family, seed, digest: digestOf(q), placed, first };
};

if (import.meta.main) {
  const [from = 0, n = 6] = process.argv.slice(2, 4).map(Number);
  const wanted = families.filter((f) => process.argv.length < 5 || process.argv.slice(4).includes(f));
  const known: Optimum[] = (() => {
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      return [];
    }
  })();
  for (let seed = from; seed < from + n; seed++)
    for (const family of wanted) {
      const found = optimumOf(family, seed);
      console.log(family, seed, found ? JSON.stringify(found.placed) : 'not proven');
      const rest = known.filter((o) => o.family !== family || o.seed !== seed);
      known.splice(0, known.length, ...rest, ...(found ? [found] : []));
      known.sort((a, b) => families.indexOf(a.family) - families.indexOf(b.family) || a.seed - b.seed);
      writeFileSync(file, `[\n${known.map((o) => `  ${JSON.stringify(o)}`).join(',\n')}\n]\n`);
    }
}
