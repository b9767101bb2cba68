import { encode, type LifeboatEvent, type NewEvent, unevacuableActions } from '@lifeboat/contracts';
import { type Live, orderEvent } from '@lifeboat/desk';
import { describeFailure, hostId, type Instant, incidentId, instant, vmId } from '@lifeboat/kernel';
import type { Bus, Clock } from '@lifeboat/ports';
import Type from 'typebox';

/* What a person may order here, as it comes in; each becomes one event, which says who and when. */

const Name = Type.String({ minLength: 1, maxLength: 253 });
const shown = Type.Object({ vm: Name, from: Name, to: Name }, { additionalProperties: false });
export const EvacuateBody = Type.Object(
  {
    answer: Type.Union([Type.Literal('evacuate'), Type.Literal('do-not')]),
    /** What that person was shown and has picked. */
    placements: Type.Array(shown, { maxItems: 10_000 }),
  },
  { additionalProperties: false },
);
export const DrainBody = Type.Object(
  {
    vms: Type.Optional(Type.Array(Name, { minItems: 1, maxItems: 10_000 })),
    cold: Type.Optional(Type.Boolean()),
    disable: Type.Boolean(),
  },
  { additionalProperties: false },
);
export const StatementBody = Type.Object({ words: Type.String({ minLength: 1, maxLength: 300 }) }, { additionalProperties: false });
export const ItemBody = Type.Object(
  { action: Type.Union(unevacuableActions.map((a) => Type.Literal(a))) },
  { additionalProperties: false },
);

export type EvacuateBody = Type.Static<typeof EvacuateBody>;
export type DrainBody = Type.Static<typeof DrainBody>;
export type StatementBody = Type.Static<typeof StatementBody>;
export type ItemBody = Type.Static<typeof ItemBody>;

/** An order, or why there is none. */
export type Wanted = Readonly<{ order: NewEvent }> | Readonly<{ problem: string; code: 404 | 409 }>;
type Who = Readonly<{ by: string; at: Instant }>;
const no = (code: 404 | 409, problem: string): Wanted => ({ code, problem });

/** Of what was shown, every single VM must still wait for just that; else the person looks again. */
export function evacuate(live: Live, name: string, body: EvacuateBody, who: Who): Wanted {
  const incident = live.incident(incidentId(name));
  if (incident === undefined) return no(404, `there is no incident ${name}`);
  if (incident.closedAt !== null) return no(409, `${name} is closed: ${incident.outcome}`);
  const of = { incident: incident.incident, answer: body.answer, ...who };
  if (body.answer === 'do-not') return { order: { type: 'lifeboat.evacuation.chosen', data: { ...of, placements: [] } } };
  if (body.placements.length === 0) return no(409, 'no VM was picked');
  const waiting = new Map(live.waiting(incident.incident).map((p) => [p.vm as string, p]));
  const other = body.placements.filter((p) => waiting.get(p.vm)?.from !== p.from || waiting.get(p.vm)?.to !== p.to);
  if (other.length > 0) return no(409, `the plan is another by now for ${other.map((p) => p.vm).join(', ')}: look at it again`);
  const placements = body.placements.map((p) => ({ vm: vmId(p.vm), from: hostId(p.from), to: hostId(p.to) }));
  return { order: { type: 'lifeboat.evacuation.chosen', data: { ...of, placements } } };
}

export const drain = (host: string, { vms, ...more }: DrainBody, who: Who): Wanted => ({
  order: {
    type: 'lifeboat.drain.chosen',
    data: { host: hostId(host), ...(vms === undefined ? {} : { vms: vms.map(vmId) }), ...more, ...who },
  },
});
export const endDrain = (host: string, who: Who): Wanted => ({
  order: { type: 'lifeboat.drain.halted', data: { host: hostId(host), ...who } },
});
export const state = (host: string, words: string, who: Who): Wanted => ({
  order: { type: 'lifeboat.statement.made', data: { host: hostId(host), words, ...who } },
});
export const release = (host: string, who: Who): Wanted => ({
  order: { type: 'lifeboat.release.approved', data: { host: hostId(host), ...who } },
});
export function decideItem(live: Live, vm: string, action: ItemBody['action'], who: Who): Wanted {
  if (!live.items.some((i) => i.vm === vm)) return no(404, `no item waits about VM ${vm}`);
  return { order: { type: 'lifeboat.item.decided', data: { vm: vmId(vm), action, ...who } } };
}

/** What was told as the consequence of an order; nothing, if nobody has said anything about it yet. */
export type Consequence =
  | Readonly<{ ok: true; refused: boolean; told: readonly LifeboatEvent[] }>
  | Readonly<{ ok: false; problem: string }>;

const ANSWER_MS = 5_000;
/** What is told of one order is stored together, and comes together. */
const TOGETHER_MS = 300;

/** Publishes orders one after the other: readers take a source's events in the order of their numbers, and drop what comes late. */
export class Orders {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #source: string;
  readonly #waiting = new Map<string, LifeboatEvent[]>();
  #last = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(bus: Bus, clock: Clock, source: string) {
    this.#bus = bus;
    this.#clock = clock;
    this.#source = source;
  }

  heard(e: LifeboatEvent): void {
    if (e.causation !== undefined) this.#waiting.get(e.causation)?.push(e);
  }

  /** The time of the next order, which is its number, too. */
  at(): Instant {
    this.#last = Math.max(this.#last + 1, this.#clock.now());
    return instant(this.#last);
  }

  give(order: NewEvent, at: Instant): Promise<Consequence> {
    const event = orderEvent(order, { source: this.#source, at });
    const told: LifeboatEvent[] = [];
    this.#waiting.set(event.id, told);
    const published = this.#turn.then(() => this.#bus.publish([encode(event)]));
    this.#turn = published;
    return this.#consequence(event, told, published).finally(() => this.#waiting.delete(event.id));
  }

  async #consequence(event: LifeboatEvent, told: LifeboatEvent[], published: ReturnType<Bus['publish']>): Promise<Consequence> {
    const outcome = await published;
    if (!outcome.ok) return { ok: false, problem: describeFailure(outcome) };
    const until = this.#clock.monotonic() + ANSWER_MS;
    while (told.length === 0 && this.#clock.monotonic() < until) await this.#clock.sleep(50);
    if (told.length > 0) await this.#clock.sleep(TOGETHER_MS);
    const refused = told.some((e) => e.type === 'lifeboat.order.refused' && e.id !== event.id);
    return { ok: true, refused, told };
  }
}
