import { type Decoded, decode, encode, type LifeboatEvent, type NewEvent, type WireRecord } from '@lifeboat/contracts';
import { type Epoch, type EventId, eventId, type IncidentId, type Instant, type Table } from '@lifeboat/kernel';
import { type Delivered, partitionName } from '@lifeboat/ports';
import { type Effect, type Input, type Output, type ServiceDefinition, type State, scopeOf } from './service.ts';

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
  /** The decision threw on this act's result: the act stays owed. */
  readonly failed?: true;
}

const RAW_LIMIT = 65_536;
const FROM_LIMIT = 300;

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
      const from = `settled/${q.operation}`;
      const without = { ...s, owed: s.owed.delete(q.operation), meta: s.meta.delete(failedKey(from)) };
      // The cause of what follows is the operation's own cause; the try makes the new events' ids differ from earlier ones.
      return applyOrPutAside(d, s, without, input, `${q.operation} ${inputName}`, owed.cause, from);
    }
    case 'observed':
      return applyOrPutAside(d, s, s, { kind: 'observed', observation: q.observation, at }, inputName, inputName, 'observed');
    case 'tick':
      return applyOrPutAside(d, s, s, { kind: 'tick', at }, inputName, inputName, 'tick');
    case 'started': {
      const afresh = { ...s, meta: ['tick', 'observed'].reduce((m, from) => m.delete(failedKey(from)), s.meta) };
      return applyOrPutAside(d, afresh, afresh, { kind: 'started', epoch, at }, inputName, inputName, 'started');
    }
  }
}

/**
 * A decision that throws changes nothing: one bad input must not end our leadership, again and again, for all the others.
 * What threw is kept as a dead letter, once for each reason and leader: a tick would throw every time.
 */
function applyOrPutAside<S extends State, E extends Effect, Result, Observation>(
  d: ServiceDefinition<S, E, Result, Observation>,
  before: Stored<S, E>,
  s: Stored<S, E>,
  input: Exclude<Input<E, Result, Observation>, { kind: 'event' }>,
  inputName: string,
  cause: string,
  from: string,
): { stored: Stored<S, E>; taken: Taken } {
  try {
    return apply(d, s, input, inputName, cause);
  } catch (bug) {
    const reason = `decision failed: ${(bug as Error).message}`;
    const taken: Taken = { what: describe(input), told: [], rejected: `${from}: ${reason}`, failed: true };
    if (before.meta.get(failedKey(from)) === reason) return { stored: before, taken };
    const letter = { from, id: inputName, reason, headers: {}, raw: JSON.stringify(d.concealed?.(input) ?? input) };
    const { stored, told } = putAside(d, { ...before, meta: before.meta.set(failedKey(from), reason) }, letter, input.at);
    return { stored, taken: { ...taken, told } };
  }
}

const failedKey = (from: string) => `failed ${from}`;

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
    const e = eventFrom(scopeOf(d), String(meta.get('birth') ?? 0), o.event, eventId(scopeOf(d), inputName, i), input.at, cause, sequence);
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
  const { stored, told } = putAside(d, s, { from, id: from, reason, headers: r.headers, raw: r.value }, at);
  return { stored, taken: { what: 'rejected', told, rejected: `${from}: ${reason}` } };
}

interface Letter {
  readonly from: string;
  /** What makes the event's id its own. */
  readonly id: string;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly raw: string;
}

function putAside<S extends State, E extends Effect, Result, Observation>(
  d: ServiceDefinition<S, E, Result, Observation>,
  s: Stored<S, E>,
  l: Letter,
  at: Instant,
): { stored: Stored<S, E>; told: readonly LifeboatEvent[] } {
  const sequence = ((s.meta.get('sequence') as number | undefined) ?? 0) + 1;
  const from = l.from.slice(0, FROM_LIMIT);
  const data = { by: d.name, from, reason: l.reason.slice(0, 1000), headers: { ...l.headers }, raw: l.raw.slice(0, RAW_LIMIT), at };
  const event: NewEvent = { type: 'lifeboat.event.rejected', data };
  const e = eventFrom(scopeOf(d), String(s.meta.get('birth') ?? 0), event, eventId(scopeOf(d), l.id, 0), at, l.id, sequence);
  const stored = { ...s, outbox: s.outbox.set(sequenceKey(sequence), encode(e)), meta: s.meta.set('sequence', sequence) };
  return { stored, told: [e] };
}

const eventFrom = (scope: string, birth: string, e: NewEvent, id: EventId, at: Instant, cause: string, sequence: number): LifeboatEvent => {
  const incident = e.incident ?? (e.data as { incident?: IncidentId }).incident;
  return {
    type: e.type,
    data: e.data,
    id,
    source: `${scope}/${birth}`,
    time: at,
    sequence,
    causation: cause,
    ...(incident === undefined ? {} : { incident }),
  } as LifeboatEvent;
};

const describe = (input: Input<Effect, unknown, unknown>): string =>
  input.kind === 'event' ? input.event.type : input.kind === 'settled' ? `settled ${input.effect.kind}` : input.kind;
