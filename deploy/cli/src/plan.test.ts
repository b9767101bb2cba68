import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { planFile } from './plan.ts';

const documented = readFileSync(new URL('../../../docs/plan-input.md', import.meta.url), 'utf8');
const example = /```json\n([\s\S]*?)```/.exec(documented)?.[1] ?? '';
type Tree = { [key: string]: Tree };

/** What is said of the documented example with one field put in, changed, or (undefined) left out; '' when it is planned. */
const said = (path: string, value: unknown): string => {
  const q = JSON.parse(example) as Tree;
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const at = keys.reduce((tree, key) => tree[key] as Tree, q);
  // '+0': the first of a list once more
  Object.assign(at, last === '+0' ? { [Object.keys(at).length]: at['0'] } : { [last]: value });
  const made = planFile('f.json', JSON.stringify(q));
  return made.ok ? '' : `${made.complaint.field}: ${made.complaint.problem}`;
};

describe('plan --input', () => {
  it('plans the documented example', () => {
    const made = planFile('f.json', example);
    assert.ok(made.ok);
    assert.deepEqual(
      made.plan.placements.map((p) => [p.vm, p.to]),
      [['00000000-0000-4000-8000-000000000001', 'b']],
    );
  });
  it('says which field is wrong, and how', () => {
    const cases: [string, unknown, RegExp][] = [
      ['fleet.hosts.0.capacity.vcpus', -1, /^fleet\.hosts\.0\.capacity\.vcpus: must be >= 0/],
      ['fleet.vms.0.size.memoryMb', '2048', /^fleet\.vms\.0\.size\.memoryMb: must be integer/],
      ['fleet.hosts.1.rack', undefined, /^fleet\.hosts\.1: must have required properties rack/],
      ['fleet.hosts.1.colour', 'red', /^fleet\.hosts\.1\.colour: is not known here/],
      ['clusters.0.policy', 'anywhere', /^clusters\.0\.policy: must be one of own-cluster, own-cluster-then/],
      ['failedHosts.0', 'zzz', /^failedHosts\.0: zzz is none of fleet\.hosts/],
      ['exclude', ['zzz'], /^exclude\.0: zzz is none of fleet\.hosts/],
      ['vms', ['00000000-0000-4000-8000-0000000000ff'], /^vms\.0: .* is none of fleet\.vms/],
      ['fleet.hosts.+0', null, /^fleet\.hosts\.2\.host: a is told twice/],
      ['fleet.vms.+0', null, /^fleet\.vms\.1\.vm: .* is told twice/],
      ['clusters.+0', null, /^clusters\.1\.cluster: c1 is told twice/],
      ['fleet.vms.0.host', 'nope', /^fleet\.vms\.0\.host: nope is none of fleet\.hosts/],
      ['fleet.vms.0.group', 'gg', /^fleet\.vms\.0\.group: gg is none of fleet\.groups/],
      ['clusters.0.cluster', 'c9', /^clusters: says nothing of c1, the cluster of the failed host a/],
      ['clusters.0.highPerformanceClusters', ['cX'], /^clusters\.0\.highPerformanceClusters\.0: no host .* in cX/],
      ['fleet.hosts.1.capacity.memoryMb', 2 ** 34, /^fleet\.hosts\.1\.capacity\.memoryMb: .* memory is in MB/],
      ['fleet.hosts.1.load', { memory: 45, cpu: 10 }, /^fleet\.hosts\.1\.load\.memory: 45 is no share/],
    ];
    for (const [path, value, says] of cases) assert.match(said(path, value), says);
    for (const text of ['', '{"fleet": [', '[]']) assert.match(JSON.stringify(planFile('f.json', text)), /\(whole\)/);
  });
});
