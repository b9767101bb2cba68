import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { VirtualClock } from '@lifeboat/adapters-memory';
import type { EventOf, EventType, LifeboatEvent, Topology } from '@lifeboat/contracts';
import { EmbeddedRegion } from '@lifeboat/embedded';
import { Checker, region, simulatedRegion } from '@lifeboat/world';
import { alpha } from './stories.ts';

const PHONE = '+8613812341234';
const SECOND = 1_000;
const plain = { ownerStopped: 0, unevacuable: 0, antiAffinityGroups: 0 };

/** Ann first, Bo a minute later, Cy after two; two of them must say the same. */
const askingThree = () => {
  const confirmation = { expiresMs: 600 * SECOND, onNoAnswer: 'hold', quorum: 2 } as const;
  const r = region({ ...simulatedRegion, ...plain, seed: 4, policy: { automation: 'semi-automatic', confirmation } });
  const escalation = [
    { contacts: ['Ann'], afterMinutes: 0 },
    { contacts: ['Bo'], afterMinutes: 1 },
    { contacts: ['Cy'], afterMinutes: 2 },
  ];
  const contacts: NonNullable<Topology['contacts']> = [
    { name: 'Ann', email: 'ann@example.org' },
    { name: 'Bo', phone: PHONE, language: 'zh-CN' },
    { name: 'Cy', email: 'cy@example.org' },
  ];
  const clusters = r.topology.clusters.map((c) => ({ ...c, contacts: ['Ann', 'Bo', 'Cy'], escalation }));
  return { ...r, topology: { ...r.topology, clusters, contacts } };
};

class Night {
  readonly clock = new VirtualClock();
  readonly events: LifeboatEvent[] = [];
  readonly r: EmbeddedRegion;
  readonly checker: Checker;
  constructor() {
    let checker: Checker | null = null;
    const known = new Set<string>();
    this.r = new EmbeddedRegion({
      ...{ clock: this.clock, seed: 4, region: askingThree(), replicas: 2, sessionTimeoutMs: 4_000 },
      onEvent: (e) => {
        checker?.observe(e);
        if (!known.has(e.id)) this.events.push(e);
        known.add(e.id);
      },
    });
    this.checker = new Checker(this.r.world, this.r.nova);
    checker = this.checker;
    this.r.start();
  }
  of<T extends EventType>(type: T): EventOf<T>[] {
    return this.events.filter((e): e is EventOf<T> => e.type === type);
  }
  async passes(seconds: number): Promise<this> {
    await this.clock.runFor(seconds * SECOND);
    return this;
  }
  mailsTo(name: string): string[] {
    return this.r.mailbox
      .mails()
      .filter((m) => m.to === `${name}@example.org`)
      .map((m) => `${m.subject}\n${m.text}`);
  }
  /** Who has the question, by what lies in mailboxes and on the phone. */
  get asked(): string[] {
    const mailed = ['ann', 'cy'].filter((n) => this.mailsTo(n).some((m) => /^\[Lifeboat sim\] CONFIRM/.test(m)));
    return [...mailed, ...(this.r.phones.texts().some((t) => t.to === PHONE && /请在/.test(t.text)) ? ['bo'] : [])].sort();
  }
  get code(): string {
    return /YES (\d{6})/.exec(this.mailsTo('ann').find((m) => m.includes('CONFIRM')) ?? '')?.[1] ?? 'none';
  }
  end(): void {
    this.r.stop();
    this.checker.close();
  }
}

describe('A night with an order of escalation and a quorum of two', () => {
  const n = new Night();
  after(() => n.end());
  const moved = () => n.of('lifeboat.evacuation.requested').length;

  it('the first is asked at once, and only she', async () => {
    await n.passes(10);
    n.r.world.powerOff(alpha);
    await n.passes(15);
    assert.deepEqual(n.asked, ['ann']);
    assert.match(n.mailsTo('ann').find((m) => m.includes('CONFIRM')) ?? '', /2 people must give the same answer/);
  });
  it('her yes is taken, twice is not two, and nothing moves', async () => {
    n.r.inbox.write('ann@example.org', `YES ${n.code}`);
    await n.passes(5);
    n.r.inbox.write('ann@example.org', `yes ${n.code}`);
    await n.passes(5);
    assert.deepEqual(
      n.of('lifeboat.confirmation.refused').map((e) => [e.data.reason, e.data.by]),
      [['duplicate', 'Ann']],
    );
    assert.deepEqual([moved(), n.of('lifeboat.confirmation.settled').length], [0, 0]);
  });
  it('after a minute the second is asked, in his language; his no is no quorum either', async () => {
    await n.passes(45);
    assert.deepEqual(n.asked, ['ann', 'bo']);
    n.r.phones.reply(PHONE, `拒绝 ${n.code}`);
    await n.passes(10);
    assert.deepEqual([moved(), n.of('lifeboat.confirmation.settled').length], [0, 0]);
  });
  it('after two the third is asked; with the yes of two it begins, and every VM runs once', async () => {
    await n.passes(50);
    assert.deepEqual(n.asked, ['ann', 'bo', 'cy']);
    const [asked] = n.of('lifeboat.confirmation.requested');
    n.checker.consents.saidYes(asked?.data.confirmation ?? '', n.clock.now());
    n.r.inbox.write('cy@example.org', `YES ${n.code}`);
    await n.passes(90);
    assert.deepEqual(
      n.of('lifeboat.confirmation.settled').map((e) => [e.data.answer, e.data.by]),
      [['evacuate', 'Ann, Cy']],
    );
    assert.equal(n.of('lifeboat.incident.closed')[0]?.data.outcome, 'evacuated');
    n.checker.step();
    assert.deepEqual(n.checker.end().violations, []);
  });
  it('all three are told how it ended', () => {
    for (const name of ['ann', 'cy'])
      assert.ok(
        n.mailsTo(name).some((m) => /Ann, Cy answered YES/.test(m)),
        name,
      );
    assert.ok(n.r.phones.texts().some((t) => t.to === PHONE && /Ann, Cy 已同意/.test(t.text)));
  });
});
