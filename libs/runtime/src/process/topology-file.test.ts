import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { complain } from '@lifeboat/kernel';
import { parseTopology } from './topology-file.ts';
import { openTopology } from './topology-source.ts';

const good = `
region: lab
clusters:
  - cluster: web
    contacts: [night shift]
racks:
  - rack: r1
contacts:
  - name: night shift
    email: night@example.org
hosts:
  - host: compute-1
    cluster: web
    rack: r1
    managementAddress: 10.0.0.1
    productionAddress: 10.1.0.1
    fence: &bmc
      - name: bmc
        agent: fence_ipmilan
        parameters: { ip: 10.2.0.1 }
  - host: compute-2
    cluster: web
    rack: r1
    managementAddress: 10.0.0.2
    productionAddress: 10.1.0.2
    fence: *bmc
`;
const complaintsOf = (text: string) => {
  const r = parseTopology('t.yaml', text);
  return r.ok ? [] : r.complaints.map(complain);
};
const swap = (from: string, to: string) => {
  assert.ok(good.includes(from), from);
  return good.replace(from, to);
};

describe('the topology file', () => {
  it('is read when it is well', () => assert.deepEqual(complaintsOf(good), []));

  const bad: [what: string, text: string, complaint: RegExp][] = [
    ['not YAML', 'region: [', /^t\.yaml: line 1, column \d+: not YAML: /],
    ['an empty file', '', /^t\.yaml: .*object/],
    [
      'a key nobody knows',
      swap('rack: r1\n    managementAddress: 10.0.0.2', 'rack: r1\n    adress: x\n    managementAddress: 10.0.0.2'),
      /^t\.yaml: hosts\.1\.adress \(host compute-2\): no such key; correct its name/,
    ],
    ['a wrong type', swap('region: lab', 'region: 7'), /^t\.yaml: region: must be string/],
    [
      'a cluster that is not there',
      swap('host: compute-2\n    cluster: web', 'host: compute-2\n    cluster: wbe'),
      /^t\.yaml: hosts\.1\.cluster: host compute-2 is in cluster wbe, which is not under clusters; add it there/,
    ],
    [
      'a rack that is not there',
      swap('cluster: web\n    rack: r1\n    managementAddress: 10.0.0.2', 'cluster: web\n    rack: r9\n    managementAddress: 10.0.0.2'),
      /hosts\.1\.rack: host compute-2 is in rack r9/,
    ],
    ['a host twice', swap('host: compute-2', 'host: compute-1'), /hosts\.1\.host: host compute-1 stands at hosts\.0 too; remove one/],
    [
      'one management address for two',
      swap('10.0.0.2', '10.0.0.1'),
      /hosts\.1\.managementAddress: 10\.0\.0\.1 is also the management address of compute-1/,
    ],
    [
      'a contact nobody is',
      swap('contacts: [night shift]', 'contacts: [day shift]'),
      /clusters\.0\.contacts: cluster web names contact day shift/,
    ],
    [
      'high-performance evacuation to nowhere',
      swap('contacts: [night shift]', 'policy: { evacuation: high-performance }'),
      /clusters\.0\.policy\.evacuation: .*no cluster has highPerformance: true/,
    ],
    ['no fence method', swap('fence: *bmc', 'fence: []'), /hosts\.1\.fence: host compute-2 has no fence method/],
  ];
  for (const [what, text, complaint] of bad)
    it(`is refused for ${what}, by name and with the mend`, () => assert.match(complaintsOf(text).join('\n'), complaint));

  it('may do without fence methods where a person states that a host is down', () =>
    assert.deepEqual(
      complaintsOf(swap('fence: *bmc', 'fence: []').replace('contacts: [night shift]', 'policy: { automation: manual }')),
      [],
    ));
});

describe('the topology as a process uses it', () => {
  it('keeps the old one when the new file is bad, says so, and takes up the mended one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'topology-'));
    const path = join(folder, 't.yaml');
    const told: string[] = [];
    writeFileSync(path, good);
    const source = openTopology(
      path,
      (t) => told.push(t.region),
      (c) => told.push(...c.map(complain)),
    );
    try {
      writeFileSync(path, 'region: [');
      source.reload();
      source.reload();
      assert.equal(source.current()?.region, 'lab');
      assert.equal(source.complaints().length, 1);
      writeFileSync(path, swap('region: lab', 'region: lab2'));
      source.reload();
      assert.equal(source.current()?.region, 'lab2');
      assert.deepEqual(source.complaints(), []);
      assert.equal(told.length, 3, 'taken, refused once, taken');
    } finally {
      source.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('names a file that is not there', () => {
    const source = openTopology(
      '/nowhere/t.yaml',
      () => undefined,
      () => undefined,
    );
    assert.match(
      source.complaints().map(complain).join(),
      /^\/nowhere\/t\.yaml: \(whole\): cannot be read \(ENOENT\); put the topology file there/,
    );
    assert.equal(source.current(), null);
    source.close();
  });
});
