import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fakeOpenStack, recorded, testClock } from '../test-support/fake-openstack.ts';
import { connect } from './open.ts';
import { defaultLimits } from './options.ts';
import { Placement } from './placement.ts';

const uuids = Array.from({ length: 20 }, (_, i) => `rp-${i}`);
let fake: Awaited<ReturnType<typeof fakeOpenStack>>;
let close: () => void;
let placement: Placement;
let generation = 4;
beforeEach(async () => {
  fake = await fakeOpenStack();
  fake.route('GET /placement/resource_providers', () => ({
    body: { resource_providers: uuids.map((uuid) => ({ uuid, name: uuid, generation })) },
  }));
  for (const uuid of uuids)
    for (const [what, sample] of [
      ['inventories', 'placement-inventories-livehost'],
      ['usages', 'placement-usages-livehost'],
      ['traits', 'placement-traits-livehost'],
    ] as const)
      fake.route(`GET /placement/resource_providers/${uuid}/${what}`, () => ({ body: recorded(sample).response }));
  const apis = connect(fake.config, { clock: testClock(), limits: defaultLimits, log: () => undefined });
  placement = new Placement(apis.placement);
  close = apis.close;
});
afterEach(async () => {
  close();
  await fake.close();
});
const asked = (what: string) => fake.asked.filter((a) => a.path.endsWith(`/${what}`)).length;
const facts = async (wanted: readonly string[] = uuids) => {
  const read = await placement.facts(AbortSignal.timeout(5000), wanted);
  assert.ok(read.ok, JSON.stringify(read));
  return read.value;
};

describe('Placement', () => {
  it('reads inventories, usages and traits of each provider that is there', async () => {
    const seen = await facts([...uuids, 'no-such-provider']);
    assert.equal(seen.size, uuids.length);
    const { traits, ...numbers } = seen.get('rp-7') ?? { traits: [] as readonly string[] };
    assert.deepEqual(numbers, {
      capacity: { vcpus: 160, memoryMb: 11520, diskGb: 1028 },
      maxUnit: { vcpus: 10, memoryMb: 8192, diskGb: 1028 },
      used: { vcpus: 3, memoryMb: 192, diskGb: 0 },
      missing: [],
    });
    assert.ok(traits.includes('COMPUTE_NODE'));
  });
  it('keeps inventories and traits while the generation stands; reads usages every time', async () => {
    await facts();
    await facts();
    assert.deepEqual([asked('inventories'), asked('traits'), asked('usages')], [20, 20, 40]);
    generation++;
    await facts(['rp-1']);
    assert.deepEqual([asked('inventories'), asked('traits'), asked('usages')], [21, 21, 41]);
  });
  it('asks a few at a time', async () => {
    await facts();
    assert.ok(new Set(fake.asked.filter((a) => a.path.startsWith('/placement/')).map((a) => a.port)).size <= 8);
  });
  it('names the field of a wrong answer', async () => {
    fake.route('GET /placement/resource_providers/rp-3/inventories', () => ({
      body: { resource_provider_generation: 1, inventories: { VCPU: { total: 'ten' } } },
    }));
    const read = await placement.facts(AbortSignal.timeout(5000), uuids);
    assert.ok(!read.ok && read.code === 'CLOUD_BAD_ANSWER' && /inventories\.VCPU/.test(read.detail), JSON.stringify(read));
  });
});
