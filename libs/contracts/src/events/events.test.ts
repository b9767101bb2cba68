import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { services, topics } from '../define.ts';
import { definitions } from '../generate/json-schema.ts';
import { defaultClusterPolicy } from '../topology/policy.ts';
import { policyOf, type Topology } from '../topology/topology.ts';
import { definitionOf, events } from './index.ts';

/** The streams: an event of a noun is told where its story is. */
const topicOfFolder: Record<string, string> = {
  '10-agents.ts': topics.agents,
  '20-nodes.ts': topics.nodes,
  '30-faults.ts': topics.faults,
  '35-vm-failures.ts': topics.faults,
  '40-incidents.ts': topics.incidents,
  '50-confirmations.ts': topics.confirmations,
  '52-messages.ts': topics.confirmations,
  '55-persons.ts': topics.confirmations,
  '60-migrations.ts': topics.migrations,
  '65-restarts.ts': topics.migrations,
  '67-drains.ts': topics.migrations,
  '70-redundancy.ts': topics.faults,
  '90-dead-letters.ts': topics.deadLetters,
};

describe('the events', () => {
  it('are named lifeboat.<noun>.<what happened>, each once', () => {
    for (const d of definitions) assert.match(d.type, /^lifeboat\.[a-z-]+\.[a-z-]+$/);
    assert.equal(definitionOf.size, events.length);
    assert.equal(definitions.length, events.length);
  });
  it('each says who tells it, who reads it and what it means', () => {
    for (const d of definitions) {
      assert.ok(d.producedBy.length > 0, `${d.type} is told by nobody`);
      assert.ok(d.consumedBy.length > 0, `${d.type} is read by nobody`);
      for (const s of [...d.producedBy, ...d.consumedBy]) assert.ok(services.includes(s), `${d.type}: no such service: ${s}`);
      assert.match(d.about, /^[A-Z].*\.$/, d.type);
      assert.ok(Number.isInteger(d.version) && d.version >= 1, d.type);
    }
  });
  it('of one file are all on its stream', async () => {
    const files = readdirSync(import.meta.dirname).filter((f) => /^\d\d-/.test(f));
    assert.deepEqual(files, Object.keys(topicOfFolder));
    for (const file of files) {
      const module = (await import(`./${file}`)) as Record<string, unknown>;
      for (const d of events.filter((e) => Object.values(module).includes(e))) assert.equal(d.topic, topicOfFolder[file], d.type);
    }
  });
  it('of an incident share a key, so that they stay in order', () => {
    const of = { incident: 'inc-h1-1', host: 'h1', vm: 'v', from: 'h1' };
    for (const d of definitions.filter(
      (e) => e.topic === topics.incidents || e.topic === topics.migrations || e.type === 'lifeboat.fault.confirmed',
    ))
      assert.equal(d.key(of as never), 'inc-h1-1', d.type);
  });
  it('of a host share a key', () => {
    for (const type of [
      'lifeboat.agent.registered',
      'lifeboat.agent.reported',
      'lifeboat.agent.lost',
      'lifeboat.node.observed',
      'lifeboat.fault.cleared',
    ])
      assert.equal(definitionOf.get(type)?.key({ host: 'h1' } as never), 'h1', type);
  });
});

describe('the policy of a cluster', () => {
  const topology = {
    region: 'r',
    clusters: [{ cluster: 'a', policy: { automation: 'manual', storageLeaseMs: 7 } }, { cluster: 'b' }],
    racks: [],
    hosts: [],
  } as unknown as Topology;
  it('is what the topology says over the defaults', () => {
    assert.deepEqual(policyOf(topology, 'a'), { ...defaultClusterPolicy, automation: 'manual', storageLeaseMs: 7 });
    assert.deepEqual(policyOf(topology, 'b'), defaultClusterPolicy);
  });
});
