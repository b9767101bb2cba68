import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LifeboatEvent } from '@lifeboat/contracts';
import { hostId, instant } from '@lifeboat/kernel';
import { monitor } from '../src/decide/decide.ts';
import { lookAtIdentity, lookAtPower, type MonitorInput } from '../src/decide/effects.ts';
import { defaultMonitorSettings } from '../src/settings.ts';
import { initialState } from '../src/state.ts';
import { settings as common, type In, round, settled } from './inputs.ts';

const settings = { ...common, identity: { ...defaultMonitorSettings.identity, atOnce: 2 } };
const decide = monitor(settings);

const uuidOf = (host: string) => `4c4c4544-0046-3510-8052-b4c04f4e4d0${host.slice(1)}`;
const registered =
  (host: string, machineUuid: string | null = uuidOf(host), session = 's1'): In =>
  (at) => {
    const machine = machineUuid === null ? {} : { machineUuid };
    const data = { host, session, bootId: 'b', ...machine, vms: [], peers: [], at };
    const event = { type: 'lifeboat.agent.registered', data, id: 'x', source: 'agent-watcher/1', time: at, sequence: at };
    return { kind: 'event', at: instant(at), event: event as unknown as LifeboatEvent } as MonitorInput;
  };
const says = (host: string, uuid: string | null, device = `bmc-${host}`): In =>
  settled(lookAtIdentity(hostId(host)), {
    kind: 'identity',
    devices: [{ method: 'bmc', device, uuid, detail: uuid === null ? 'no answer' : '' }],
  });

/** What came of each input: acts, and what was told of devices. */
function play(...inputs: [at: number, what: In][]): string[][] {
  let state = initialState;
  return inputs.map(([at, what]) => {
    const step = decide(state, what(at));
    state = step.state;
    return step.outputs.flatMap((o) => {
      if (o.kind === 'do')
        return o.effect.kind === 'look-at-power' ? [`power but for ${o.effect.except?.join() ?? 'none'}`] : [o.effect.operation];
      return o.event.type === 'lifeboat.fence.checked'
        ? [`${o.event.data.host} ${o.event.data.is} ${o.event.data.other ?? ''}`.trim()]
        : [];
    });
  });
}
const told = (...inputs: [number, In][]) => play(...inputs).flatMap((o) => o.filter((x) => / (own|of-another|unknown)/.test(x)));
const asked = (...inputs: [number, In][]) => play(...inputs).flatMap((o) => o.filter((x) => x.startsWith('identity/')));

describe('whose machine a BMC switches', () => {
  it('is asked once after a registration, in the next round, and its own is nothing to tell', () => {
    const story: [number, In][] = [
      [1_000, registered('h1')],
      [2_000, round()],
      [2_300, says('h1', uuidOf('h1'))],
      [3_000, round()],
      [4_000, registered('h1', uuidOf('h1'), 's2')],
      [5_000, round()],
    ];
    assert.deepEqual(asked(...story), ['identity/h1']);
    assert.deepEqual(told(...story), []);
  });
  it('is asked of a few hosts in a round', () => {
    const all: [number, In][] = [...settings.hosts.keys()].map((h) => [1_000, registered(h)]);
    assert.equal(asked(...all, [2_000, round()]).length, 2);
    assert.equal(asked(...all, [2_000, round()], [3_000, round()]).length, settings.hosts.size);
  });
  it("is another host's, in whatever order the two are heard of: told, and not asked for the power any more", () => {
    const swapped = '44454c4c-4600-1035-8052-b4c04f4e4d02'; // h2's, as another firmware writes it
    const first: [number, In][] = [
      [1_000, registered('h1')],
      [2_000, round()],
      [2_300, says('h1', swapped)],
    ];
    assert.deepEqual(told(...first, [3_000, registered('h2')]), ['h1 unknown', 'h1 of-another h2']);
    assert.deepEqual(told([500, registered('h2')], ...first), ['h1 of-another h2']);
    const lost: In = (at) => ({
      kind: 'event',
      at: instant(at),
      event: {
        type: 'lifeboat.agent.lost',
        data: { host: 'h1', session: 's1', reason: 'session-lapsed', vms: [], at },
        id: 'y',
        source: 'agent-watcher/1',
        time: at,
        sequence: at,
      } as unknown as LifeboatEvent,
    });
    const looks = play([500, registered('h2')], ...first, [4_000, lost]).at(-1);
    assert.ok(looks?.includes('power but for bmc'), looks?.join());
    assert.deepEqual(lookAtPower(hostId('h1')), { kind: 'look-at-power', operation: 'power/h1', host: 'h1' });
  });
  it('is its own again after the topology was mended: told', () => {
    const story: [number, In][] = [
      [500, registered('h2')],
      [1_000, registered('h1')],
      [2_000, round()],
      [2_300, says('h1', uuidOf('h2'), '10.0.0.2')],
      [4_000_000, registered('h1', uuidOf('h1'), 's2')],
      [4_001_000, round()],
      [4_001_300, says('h1', uuidOf('h1'), '10.0.0.1')],
    ];
    assert.deepEqual(told(...story), ['h1 of-another h2', 'h1 own']);
  });
  it('cannot be told: once, not at every try; a silent device is asked again, and stays the stranger that it was', () => {
    const story: [number, In][] = [
      [500, registered('h2')],
      [1_000, registered('h1')],
      [2_000, round()],
      [2_300, says('h1', null)],
      [700_000, round()],
      [700_300, says('h1', null)],
      [1_400_000, round()],
      [1_400_300, says('h1', uuidOf('h2'))],
      [6_000_000, registered('h1', uuidOf('h1'), 's2')],
      [6_001_000, round()],
      [6_001_300, says('h1', null)],
    ];
    assert.deepEqual(told(...story), ['h1 unknown', 'h1 of-another h2']);
    assert.equal(asked(...story).filter((x) => x === 'identity/h1').length, 4);
  });
  it('is no stranger where two hosts call themselves the same, or one calls itself nothing', () => {
    const same = (host: string): In => registered(host, uuidOf('h2'));
    assert.deepEqual(
      told([500, same('h2')], [600, same('h3')], [1_000, registered('h1')], [2_000, round()], [2_300, says('h1', uuidOf('h2'))]),
      ['h1 unknown'],
    );
    assert.deepEqual(told([1_000, registered('h1', null)], [2_000, round()], [2_300, says('h1', uuidOf('h1'))]), ['h1 unknown']);
    assert.deepEqual(told([1_000, registered('h1')], [2_000, round()], [2_300, says('h1', '00000000-0000-0000-0000-000000000000')]), [
      'h1 unknown',
    ]);
  });
});
