import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { MemoryBus, wallClock } from '@lifeboat/adapters-memory';
import { encode, type LifeboatEvent, topics, verdicts, vmOutcomes, vmStates } from '@lifeboat/contracts';
import { Live } from '@lifeboat/desk';
import { hostId, instant, stableId } from '@lifeboat/kernel';
import { eventually } from '@lifeboat/ports/contract-tools';
import { SettingsError } from '@lifeboat/runtime/process';
import { consoleServer, consoleSettings, Doorkeeper, feed, Orders } from '../src/index.ts';

const LI = { name: 'li.wei', password: 'correct horse 电池' };
const basic = (name: string, password: string) => ({ authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` });
const host = hostId('compute-01');
const topology = {
  region: 'r1',
  clusters: [{ cluster: 'c1', policy: { automation: 'manual' } }],
  racks: [{ rack: 'rack-1' }],
  hosts: [{ host, cluster: 'c1', rack: 'rack-1', managementAddress: '10.0.0.1', fence: [] }],
} as never;

function bench(users = [LI], lacks = '') {
  const clock = wallClock();
  const bus = new MemoryBus(clock);
  const live = new Live();
  let time = 0;
  const orders = new Orders(bus, clock, 'console-1');
  const advance = (ms: number) => {
    time += ms;
  };
  const noted: string[] = [];
  const server = consoleServer({
    ...{ live, orders, clock, topology: () => topology, lacks: () => lacks },
    door: new Doorkeeper(users, () => time),
    plans: { rehearse: async () => ({ ok: false, problem: 'no cloud' }), drain: async () => ({ ok: false, problem: 'no cloud' }) },
    note: (by, type, about, c) => noted.push(`${by} ${type} ${about} ${c.ok ? (c.refused ? 'refused' : 'given') : 'lost'}`),
  });
  return { clock, bus, live, orders, server, noted, pass: advance };
}
let sequence = 0;
const event = (type: LifeboatEvent['type'], data: object, more: object = {}): LifeboatEvent => {
  sequence += 1;
  const id = stableId('test', sequence);
  return { type, data, id, source: 'scheduler', time: instant(1_000 * sequence), sequence, ...more } as unknown as LifeboatEvent;
};
const registered = (at: number) =>
  event('lifeboat.agent.registered', { host, session: 's', bootId: 'b', vms: [], peers: [], at }, { time: instant(at) });
const lost = (at: number) =>
  event('lifeboat.agent.lost', { host, session: 's', reason: 'session-lapsed', vms: [], at }, { time: instant(at) });

describe('who may order', () => {
  it('is asked for a name and a password; the name is in the order, the password nowhere', async () => {
    const b = bench();
    const url = `/api/hosts/${host}/release`;
    const refused = await b.server.inject({ method: 'POST', url });
    assert.equal(refused.statusCode, 401);
    assert.match(String(refused.headers['www-authenticate']), /^Basic/);
    assert.equal((await b.server.inject({ method: 'POST', url, headers: basic('li.wei', 'wrong') })).statusCode, 401);
    assert.equal((await b.server.inject({ method: 'GET', url: '/', headers: basic('wang', LI.password) })).statusCode, 401, 'another name');
    assert.equal(b.bus.records(topics.confirmations).length, 0);
    const given = await b.server.inject({ method: 'POST', url, headers: basic(LI.name, LI.password) });
    assert.equal(given.statusCode, 202);
    const [record] = b.bus.records(topics.confirmations);
    assert.deepEqual(JSON.parse(record?.value ?? '{}').by, 'li.wei');
    assert.deepEqual(b.noted, [`li.wei lifeboat.release.approved ${url} given`]);
    assert.ok(!JSON.stringify(b.bus.records(topics.confirmations)).includes(LI.password));
  });
  it('guesses in vain: after ten wrong passwords nothing from there is looked at for ten minutes', async () => {
    const b = bench();
    const ask = async (password: string, remoteAddress = '10.9.9.9') =>
      (await b.server.inject({ method: 'GET', url: '/api/me', headers: basic(LI.name, password), remoteAddress })).statusCode;
    for (let i = 0; i < 10; i += 1) assert.equal(await ask(`guess ${i}`), 401);
    assert.equal(await ask(LI.password), 429);
    assert.equal(await ask(LI.password, '10.9.9.8'), 200, 'from elsewhere');
    b.pass(10 * 60_000);
    assert.equal(await ask(LI.password), 200);
  });
  it('is not another web page that our browser has open', async () => {
    const b = bench();
    const post = (headers: Record<string, string>, payload = '') =>
      b.server.inject({
        method: 'POST',
        url: `/api/hosts/${host}/release`,
        headers: { ...basic(LI.name, LI.password), ...headers },
        payload,
      });
    assert.equal((await post({ 'sec-fetch-site': 'cross-site' })).statusCode, 403);
    assert.equal((await post({ origin: 'https://evil.example', host: 'lifeboat.example.org' })).statusCode, 403);
    assert.equal((await post({ origin: 'null', host: 'lifeboat.example.org' })).statusCode, 403);
    assert.equal((await post({ 'content-type': 'text/plain' }, '{}')).statusCode, 415);
    assert.equal((await post({ 'content-type': 'application/x-www-form-urlencoded' }, 'a=b')).statusCode, 415);
    assert.equal(b.bus.records(topics.confirmations).length, 0);
    assert.equal((await post({ 'sec-fetch-site': 'same-origin' })).statusCode, 202);
  });
  it('is nobody where no users are set: then it only shows', async () => {
    const b = bench([]);
    assert.equal((await b.server.inject('/api/region')).statusCode, 200);
    assert.deepEqual((await b.server.inject('/api/me')).json(), { name: null, orders: false });
    const refused = await b.server.inject({ method: 'POST', url: `/api/hosts/${host}/release` });
    assert.deepEqual([refused.statusCode, b.bus.records(topics.confirmations).length], [403, 0]);
    assert.match(refused.json().problem, /LIFEBOAT_CONSOLE_USERS/);
  });
});

describe('orders', () => {
  it('that do not fit are refused with the field, and nothing is published', async () => {
    const b = bench();
    const post = async (url: string, payload: object) =>
      (await b.server.inject({ method: 'POST', url, headers: basic(LI.name, LI.password), payload })).statusCode;
    assert.equal(await post(`/api/hosts/${host}/statement`, {}), 400);
    assert.equal(await post(`/api/hosts/${host}/statement`, { words: 'x', more: 1 }), 202, 'what is not known is left out');
    assert.equal(await post(`/api/hosts/${host}/drain`, { vms: [] }), 400);
    assert.equal(await post('/api/items/vm-1', { action: 'burn' }), 400);
    assert.equal(await post('/api/items/vm-1', { action: 'retry' }), 404, 'no such item');
    assert.equal(await post('/api/incidents/inc-1/evacuation', { answer: 'evacuate', placements: [] }), 404);
    assert.equal(b.bus.records(topics.confirmations).length, 1);
  });
  it('are not taken while what is shown may be old', async () => {
    const b = bench([LI], 'Kafka does not answer');
    const answer = await b.server.inject({ method: 'POST', url: `/api/hosts/${host}/release`, headers: basic(LI.name, LI.password) });
    assert.deepEqual([answer.statusCode, answer.json().problem], [503, 'Kafka does not answer']);
  });
  it('have growing numbers, in the order in which they are published, also in the same millisecond', async () => {
    const b = bench();
    const ask = () => b.server.inject({ method: 'POST', url: `/api/hosts/${host}/release`, headers: basic(LI.name, LI.password) });
    await Promise.all([ask(), ask(), ask(), ask()]);
    const numbers = b.bus.records(topics.confirmations).map((r) => Number(r.headers['ce_sequence']));
    assert.equal(new Set(numbers).size, 4);
    assert.deepEqual(
      numbers,
      [...numbers].sort((x, y) => x - y),
    );
  });
  it('say what has come of them', async () => {
    const b = bench();
    const asked = b.server.inject({ method: 'POST', url: `/api/hosts/${host}/release`, headers: basic(LI.name, LI.password) });
    await eventually('it is published', () => b.bus.records(topics.confirmations).length === 1, 2_000);
    const causation = b.bus.records(topics.confirmations)[0]?.headers['ce_id'];
    const data = { order: 'lifeboat.release.approved', about: host, reason: 'the agent is not back', by: LI.name, at: 1 };
    b.orders.heard(event('lifeboat.order.refused', data, { causation }));
    const answer = await asked;
    assert.equal(answer.statusCode, 409);
    assert.match(answer.json().problem, /the agent is not back/);
    assert.match(b.noted[0] ?? '', /refused$/);
  });
});

describe('what is shown', () => {
  const stop = new AbortController();
  after(() => stop.abort());
  it('comes of all that was told before, in order of time whatever partition it stands on; then of what is told', async () => {
    const b = bench();
    const data = { incident: 'inc-1', hosts: [host], outcome: 'evacuated', vms: [], openedAt: 1, at: 7_000 };
    const closed = event('lifeboat.incident.closed', data, { incident: 'inc-1', time: instant(7_000) });
    const released = event('lifeboat.host.released', { incident: 'inc-1', host, at: 8_000 }, { incident: 'inc-1', time: instant(8_000) });
    for (const e of [released, closed, lost(5_000), registered(7_500), lost(5_000)]) await b.bus.publish([encode(e)]);
    const onEvent = (e: LifeboatEvent) => seen.push(e.type);
    const seen: string[] = [];
    const fed = feed({ bus: b.bus, clock: b.clock, name: 'x', live: b.live, signal: stop.signal, onEvent, trouble: () => undefined });
    await eventually('it has caught up', () => fed.caughtUp, 5_000);
    assert.deepEqual([b.live.phase(host), b.live.host(host)?.agent], ['well', 'ok'], 'closed before it was released');
    await b.bus.publish([encode(lost(9_000))]);
    await eventually('the new one is seen', () => seen.includes('lifeboat.agent.lost'), 5_000);
    assert.equal(b.live.phase(host), 'suspected');
    const { hosts, clusters } = (await b.server.inject({ url: '/api/region', headers: basic(LI.name, LI.password) })).json();
    assert.deepEqual([hosts[0].host, hosts[0].agent, clusters[0].automation, clusters[0].well], [host, 'lost', 'manual', 0]);
  });
  it('is the page, in both languages, with nothing from elsewhere', async () => {
    const b = bench([]);
    const page = await b.server.inject('/');
    assert.match(page.payload, /<script type="module" src="console.js">/);
    assert.match(String(page.headers['content-security-policy']), /default-src 'self'/);
    for (const file of ['console.js', 'words.js', 'console.css']) assert.equal((await b.server.inject(`/${file}`)).statusCode, 200);
    const { languages } = (await import(new URL('../src/page/words.js', import.meta.url).href)) as { languages: Record<string, object> };
    const keys = (o: object): string[] =>
      Object.entries(o).flatMap(([k, v]) => (typeof v === 'object' ? keys(v).map((x) => `${k}.${x}`) : [k]));
    const shared = (o: object) => keys(o).filter((k) => !/^(verdicts|outcomes|vmStates|waitsFor)[.]/.test(k));
    assert.deepEqual(shared(languages['zh-CN'] ?? {}), shared(languages['en'] ?? {}));
    const inChinese = Object.keys((languages['zh-CN'] as { verdicts: object }).verdicts);
    assert.deepEqual(inChinese.toSorted(), [...verdicts].toSorted());
    const { vmStates: said } = languages['zh-CN'] as { vmStates: object };
    assert.deepEqual(Object.keys(said).toSorted(), [...new Set([...vmStates, ...vmOutcomes])].toSorted());
  });
  it('is VMs by their names, and stories in the language that is asked for', async () => {
    const b = bench([]);
    const vms = ['00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000001'] as const;
    const [web, other] = vms;
    const incident = 'inc-compute-01-1';
    const of = { incident, host };
    b.live.observe(
      event('lifeboat.agent.registered', {
        ...of,
        vms: [
          { vm: web, name: 'web-1', state: 'running' },
          { vm: other, state: 'hung' },
        ],
      }),
    );
    const opened = {
      ...of,
      verdict: 'host failure',
      rule: 'r',
      hosts: [host],
      clusters: ['c1'],
      highAvailability: true,
      automation: 'manual',
    };
    b.live.observe(event('lifeboat.incident.opened', { ...opened, at: 1 }, { incident }));
    const left = { ...of, reason: 'it is pinned to CPUs', actions: ['dismiss'], at: 2 };
    b.live.observe(event('lifeboat.vm.unevacuable', { ...left, vm: web, name: 'web-1' }, { incident }));
    const read = async (url: string, language = 'en') => (await b.server.inject({ url, headers: { 'accept-language': language } })).json();
    const page = await read(`/api/hosts/${host}`);
    assert.deepEqual(
      page.vms.map((v: { vm: string; name: string }) => [v.name, v.vm]),
      [
        ['web-1', web],
        ['', other],
      ],
    );
    const { items, lines } = await read('/api/region');
    assert.deepEqual([items[0].name, items[0].vm], ['web-1', web]);
    assert.match(lines.at(-1).text.en, /^VM web-1 \(0{8}-.*2\) of compute-01 cannot be evacuated: it is pinned/);
    assert.match(lines.at(-1).text['zh-CN'], /^compute-01 的虚拟机 web-1 \(0{8}-.*2\) 无法疏散：it is pinned/);
    assert.match((await read(`/api/incidents/${incident}`)).story.at(-1), /VM web-1 \(0/);
    assert.match((await read(`/api/incidents/${incident}`, 'zh-CN')).story.at(-1), /虚拟机 web-1 \(0/);
    assert.match((await read(`/api/incidents/${incident}`, 'de')).story.at(-1), /cannot be evacuated/);
  });
});

describe('settings', () => {
  const env = { LIFEBOAT_TOPOLOGY: 't', LIFEBOAT_KAFKA: 'k:9092' };
  const problems = (more: object): string => {
    try {
      consoleSettings({ ...env, ...more });
      return '';
    } catch (e) {
      return (e as SettingsError).complaints.map((c) => `${c.field}: ${c.problem}`).join('\n');
    }
  };
  it('users are lines or parts between commas', () =>
    assert.deepEqual(consoleSettings({ ...env, LIFEBOAT_CONSOLE_USERS: 'li:123456789:12\n wang:abcdefghijkl, ' }).users, [
      { name: 'li', password: '123456789:12' },
      { name: 'wang', password: 'abcdefghijkl' },
    ]));
  it('what is wrong is said without a password', () => {
    assert.ok(new SettingsError([]) instanceof Error);
    assert.match(problems({ LIFEBOAT_CONSOLE_USERS: 'li:hunter2' }), /password of li is shorter/);
    assert.doesNotMatch(problems({ LIFEBOAT_CONSOLE_USERS: 'li:hunter2,:justasecretone' }), /hunter2|justasecret/);
    assert.match(problems({ LIFEBOAT_CONSOLE_USERS: 'a:123456789012,a:123456789012' }), /twice/);
    assert.match(problems({ LIFEBOAT_CONSOLE_LISTEN: 'here' }), /LIFEBOAT_CONSOLE_LISTEN/);
  });
});
