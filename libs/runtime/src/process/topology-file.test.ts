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
    fence:
      - name: bmc
        agent: fence_ipmilan
        parameters: { ip: 10.2.0.1 }
  - host: compute-2
    cluster: web
    rack: r1
    managementAddress: 10.0.0.2
    productionAddress: 10.1.0.2
    fence:
      - name: bmc
        agent: fence_ipmilan
        parameters: { ip: 10.2.0.2 }
`;
const lastFence = 'fence:\n      - name: bmc\n        agent: fence_ipmilan\n        parameters: { ip: 10.2.0.2 }';
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

  it('lets hosts share a power strip, each with its own outlets', () => {
    const strip = (plug: string) => `parameters: { ip: 10.2.0.9, plug: '${plug}' }`;
    const text = swap('parameters: { ip: 10.2.0.1 }', strip('1')).replace('parameters: { ip: 10.2.0.2 }', strip('2'));
    assert.deepEqual(complaintsOf(text), []);
  });

  const bad: [what: string, text: string, complaint: RegExp][] = [
    ['not YAML', 'region: [', /^t\.yaml: line 1, column \d+: not YAML: /],
    ['an alias without its anchor', swap('region: lab', 'region: *lab'), /^t\.yaml: \(whole\): not YAML: Unresolved alias.*in quotes/],
    [
      'a word that is none of those allowed',
      swap('contacts: [night shift]', 'policy: { automation: sometimes }'),
      /clusters\.0\.policy\.automation .*must be one of automatic, semi-automatic, manual/,
    ],
    ...['10.0.0.300', '10.0.0.2/24', 'http://compute-2', 'compute-2:22', 'compute 2', '-2', ''].map((address): [string, string, RegExp] => [
      `a management address '${address}'`,
      swap('managementAddress: 10.0.0.2', `managementAddress: '${address}'`),
      /hosts\.1\.managementAddress/,
    ]),
    [
      "another host's management address for production",
      swap('productionAddress: 10.1.0.2', 'productionAddress: 10.0.0.1'),
      /hosts\.1\.productionAddress: 10\.0\.0\.1 of host compute-2 is the management address of compute-1; give its address on the/,
    ],
    ['an empty file', '', /^t\.yaml: .*object/],
    [
      'two hosts on one BMC',
      swap('10.2.0.2', '10.2.0.1'),
      /^t\.yaml: hosts\.1\.fence\.0\.parameters: fence method bmc of compute-2 switches the same device as one of compute-1; give each host its own/,
    ],
    [
      'two hosts on one BMC, by two protocols',
      swap('agent: fence_ipmilan\n        parameters: { ip: 10.2.0.2 }', 'agent: fence_redfish\n        parameters: { ip: 10.2.0.1 }'),
      /hosts\.1\.fence\.0\.parameters: .* switches the same device/,
    ],
    [
      'an outlet that feeds two hosts',
      swap(
        'parameters: { ip: 10.2.0.2 }',
        "parameters: { ip: 10.2.0.9, plug: '4' }\n        also: [{ agent: fence_ipmilan, parameters: { ip: 10.2.0.1 } }]",
      ),
      /hosts\.1\.fence\.0\.parameters: .* switches the same device/,
    ],
    [
      'a key nobody knows',
      swap('rack: r1\n    managementAddress: 10.0.0.2', 'rack: r1\n    adress: x\n    managementAddress: 10.0.0.2'),
      /^t\.yaml: hosts\.1\.adress \(host compute-2\): is not known here; correct its name/,
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
    [
      'an escalation to somebody unknown',
      swap('contacts: [night shift]', 'escalation: [{ contacts: [day shift], afterMinutes: 0 }]'),
      /clusters\.0\.escalation\.0\.contacts: cluster web asks day shift, who is not under contacts/,
    ],
    [
      'an escalation after the question is over',
      swap('contacts: [night shift]', 'escalation: [{ contacts: [night shift], afterMinutes: 45 }]'),
      /clusters\.0\.escalation\.0\.afterMinutes: 45 minutes is not before the question of cluster web expires/,
    ],
    [
      'a question to nobody',
      swap('contacts: [night shift]', 'policy: { automation: semi-automatic }'),
      /clusters\.0\.contacts: cluster web is semi-automatic and needs 1 to answer, but 0 of its contacts/,
    ],
    [
      'a time zone that there is not',
      swap('email: night@example.org', 'timeZone: Mars/Olympus'),
      /contacts\.0\.timeZone: Mars\/Olympus is no time zone/,
    ],
    ['no fence method', swap(lastFence, 'fence: []'), /hosts\.1\.fence: host compute-2 has no fence method/],
  ];
  for (const [what, text, complaint] of bad)
    it(`is refused for ${what}, by name and with the mend`, () => assert.match(complaintsOf(text).join('\n'), complaint));

  for (const address of ['compute-2', 'c2.mgmt.example.org', 'fd00::2', '10.0.0.77'])
    it(`takes ${address} for an address`, () =>
      assert.deepEqual(complaintsOf(swap('managementAddress: 10.0.0.2', `managementAddress: '${address}'`)), []));

  it('may do without fence methods where a person states that a host is down', () =>
    assert.deepEqual(complaintsOf(swap(lastFence, 'fence: []').replace('contacts: [night shift]', 'policy: { automation: manual }')), []));
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
