import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LifeboatEvent } from '@lifeboat/contracts';
import { clusterId, type EventId, hostId, incidentId, instant, rackId } from '@lifeboat/kernel';
import { explainIncident } from './explain-incident.ts';

const incident = incidentId('inc-a1-1000');
const host = hostId('a1');
const confirmed = {
  type: 'lifeboat.fault.confirmed',
  incident,
  id: '1'.repeat(32) as EventId,
  source: 'fault-correlator/1',
  time: instant(4_000),
  sequence: 1,
  data: {
    incident,
    verdict: 'host failure',
    rule: 'agent lost, management dead, production dead, power on',
    hosts: [host],
    evidence: [{ host, signal: 'agent', is: 'lost', ageMs: 300, observer: 'registry' }],
    clusters: [clusterId('c')],
    racks: [rackId('r')],
    suspectedAt: instant(2_000),
    rackRule: false,
    at: instant(4_000),
  },
} as LifeboatEvent;
const proof = { host, kind: 'fence', method: 'bmc', at: instant(6_000), detail: 'read back as off' } as const;
const isolated = {
  ...confirmed,
  type: 'lifeboat.host.isolated',
  id: '2'.repeat(32) as EventId,
  source: 'migrator/1',
  time: instant(6_500),
  data: { incident, host, proof, at: instant(6_500) },
} as LifeboatEvent;

describe('explain an incident', () => {
  it('its row, its evidence with its age, and that there is no proof yet', () => {
    const text = explainIncident([confirmed], incident).join('\n');
    assert.match(text, /inc-a1-1000: host failure, confirmed at .*first suspected 2\.0 s before/);
    assert.match(text, /by the row: agent lost, management dead, production dead, power on/);
    assert.match(text, /agent +lost +0\.3 s ago {2}by registry/);
    assert.match(text, /proof of death: none yet, so nothing is evacuated from it/);
  });
  it('its proof, and how long that took', () =>
    assert.match(
      explainIncident([isolated, confirmed], incident).join('\n'),
      /proof of death: fence by bmc, 2\.5 s later: read back as off/,
    ));
  it('says when its verdict is gone from the topics', () =>
    assert.match(explainIncident([isolated], incident).join(), /not on the topics any more/));
});
