import { type Decoded, decode, encode, type LifeboatEvent, type NewEvent, type Service, type WireRecord } from '@lifeboat/contracts';
import { type Epoch, type EventId, eventId, type IncidentId, type Instant, type Table } from '@lifeboat/kernel';
import { type Delivered, partitionName } from '@lifeboat/ports';
import type { Effect, Input, Output, ServiceDefinition, State } from './service.ts';

/** An effect that has been decided and not yet settled, with what caused it. */
export interface Owed<E extends Effect> {
  readonly effect: E;
  readonly cause: string;
}

/** Everything of a service that is stored: its own state and the shell's. */
export interface Stored<S extends State, E extends Effect> {
  readonly state: S;
  readonly owed: Table<Owed<E>>;
  readonly outbox: Table<WireRecord>;
  readonly positions: Table<number>;
  /** 'partition source' → the newest sequence seen. */
  readonly seen: Table<number>;
  readonly meta: Table<string | number>;
}

export type Queued<Result, Observation> =
  | Readonly<{ kind: 'delivered'; record: Delivered }>
  | Readonly<{ kind: 'settled'; operation: string; result: Result }>
  | Readonly<{ kind: 'observed'; observation: Observation }>
  | Readonly<{ kind: 'tick' }>
  | Readonly<{ kind: 'started' }>;

export interface Taken {
  readonly what: string;
  readonly told: readonly LifeboatEvent[];
  readonly rejected: string | null;
}

const RAW_LIMIT = 65_536;

/**
 * Takes one queued input up: recognises a second delivery, decides, and puts state, owed effects, outgoing events and
 * position into one new value. Nothing has left yet. Pure: the same stored value and input give the same result.
 */
export function takeUp<S extends State, E extends Effect, Result, Observation>(
  d: ServiceDefinition<S, E, Result, Observation>,
  s: Stored<S, E>,
  q: Queued<Result, Observation>,
  at: Instant,
  inputName: string,
  epoch: Epoch,
): { stored: Stored<S, E>; taken: Taken } {
  switch (q.kind) {
    case 'delivered':
      return takeRecord(d, s, q.record, at);
    case 'settled': {
      const owed = s.owed.get(q.operation);
      if (owed === undefined) return { stored: s, taken: { what: 'settled before', told: [], rejected: null } };
      const input: Input<E, Result, Observation> = { kind: 'settled', effect: owed.effect, result: q.result, at };
      // The cause of what follows is the operation's own cause; the try makes the new events' ids differ from earlier ones.
      return apply(d, { ...s, owed: s.owed.delete(q.operation) }, input, `${q.operation} ${inputName}`, owed.cause);
    }
    case 'observed':
      return apply(d, s, { kind: 'observed', observation: q.observation, at }, inputName, inputName);
    case 'tick':
      return apply(d, s, { kind: 'tick', at }, inputName, inputName);
    case 'started':
      return apply(d, s, { kind: 'started', epoch, at }, inputName, inputName);
  }
}

function takeRecord<S extends State, E extends Effect, Result, Observation>(
  d: ServiceDefinition<S, E, Result, Observation>,
  before: Stored<S, E>,
  r: Delivered,
  at: Instant,
): { stored: Stored<S, E>; taken: Taken } {
  const partition = partitionName(r.topic, r.partition);
  const next = before.positions.get(partition) ?? 0;
  const s = { ...before, positions: before.positions.set(partition, Math.max(next, r.offset + 1)) };
  const decoded: Decoded = decode(r);
  if (!decoded.ok) {
    if (r.offset < next) return { stored: before, taken: { what: 'delivered twice', told: [], rejected: null } };
    return reject(d, s, r, decoded.reason, at);
  }
  const e = decoded.event;
  const seenKey = `${partition} ${e.source}`;
  if (e.sequence <= (s.seen.get(seenKey) ?? 0)) return { stored: s, taken: { what: `${e.type} again`, told: [], rejected: null } };
  const marked = { ...s, seen: s.seen.set(seenKey, e.sequence) };
  if (!d.consumes.includes(e.type)) return { stored: marked, taken: { what: e.type, told: [], rejected: null } };
  try {
    return apply(d, marked, { kind: 'event', event: e, at }, e.id, e.id);
  } catch (bug) {
    return reject(d, marked, r, `decision failed: ${(bug as Error).message}`, at);
  }
}

function apply<S extends State, E extends Effect, Result, Observation>(
  d: ServiceDefinition<S, E, Result, Observation>,
  s: Stored<S, E>,
  input: Input<E, Result, Observation>,
  inputName: string,
  cause: string,
): { stored: Stored<S, E>; taken: Taken } {
  const { state, outputs } = d.decide(s.state, input);
  let { owed, outbox, meta } = s;
  const told: LifeboatEvent[] = [];
  let sequence = (meta.get('sequence') as number | undefined) ?? 0;
  outputs.forEach((o: Output<E>, i) => {
    if (o.kind === 'do') {
      if (!owed.has(o.effect.operation)) owed = owed.set(o.effect.operation, { effect: o.effect, cause });
      return;
    }
    sequence += 1;
    const e = eventFrom(d.name, String(meta.get('birth') ?? 0), o.event, eventId(d.name, inputName, i), input.at, cause, sequence);
    outbox = outbox.set(sequenceKey(sequence), encode(e));
    told.push(e);
  });
  if (told.length > 0) meta = meta.set('sequence', sequence);
  return { stored: { ...s, state, owed, outbox, meta }, taken: { what: describe(input), told, rejected: null } };
}

const sequenceKey = (n: number) => n.toString().padStart(16, '0');

function reject<S extends State, E extends Effect, Result, Observation>(
  d: ServiceDefinition<S, E, Result, Observation>,
  s: Stored<S, E>,
  r: Delivered,
  reason: string,
  at: Instant,
): { stored: Stored<S, E>; taken: Taken } {
  const from = `${r.topic}/${r.partition}/${r.offset}`;
  const sequence = ((s.meta.get('sequence') as number | undefined) ?? 0) + 1;
  const event: NewEvent = {
    type: 'lifeboat.event.rejected',
    data: { by: d.name, from, reason: reason.slice(0, 1000), headers: { ...r.headers }, raw: r.value.slice(0, RAW_LIMIT), at },
  };
  const e = eventFrom(d.name, String(s.meta.get('birth') ?? 0), event, eventId(d.name, from, 0), at, from, sequence);
  const stored = { ...s, outbox: s.outbox.set(sequenceKey(sequence), encode(e)), meta: s.meta.set('sequence', sequence) };
  return { stored, taken: { what: 'rejected', told: [e], rejected: `${from}: ${reason}` } };
}

const eventFrom = (
  service: Service,
  birth: string,
  e: NewEvent,
  id: EventId,
  at: Instant,
  cause: string,
  sequence: number,
): LifeboatEvent => {
  const incident = e.incident ?? (e.data as { incident?: IncidentId }).incident;
  return {
    type: e.type,
    data: e.data,
    id,
    source: `${service}/${birth}`,
    time: at,
    sequence,
    causation: cause,
    ...(incident === undefined ? {} : { incident }),
  } as LifeboatEvent;
};

const describe = (input: Input<Effect, unknown, unknown>): string =>
  input.kind === 'event' ? input.event.type : input.kind === 'settled' ? `settled ${input.effect.kind}` : input.kind;
