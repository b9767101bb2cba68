import { type EventId, fromIsoTime, type IncidentId, type Instant, isoTime } from '@lifeboat/kernel';
import type Type from 'typebox';
import Schema from 'typebox/schema';
import type { EventDefinition } from './define.ts';
import { type DataByType, definitionOf, type EventType } from './events/index.ts';

/** An event that a decision wants told. The shell adds id, time, cause and order. */
export type NewEvent = { [T in EventType]: Readonly<{ type: T; incident?: IncidentId; data: DataByType[T] }> }[EventType];

/** An event as a decision reads it. */
export type LifeboatEvent = {
  [T in EventType]: Readonly<{
    type: T;
    data: DataByType[T];
    id: EventId;
    /** The service that produced it. */
    source: string;
    time: Instant;
    incident?: IncidentId;
    /** The id of the event (or operation) that caused it. */
    causation?: string;
    /** Counts this producer's events: a number seen before on the same partition is a second delivery. */
    sequence: number;
  }>;
}[EventType];
export type EventOf<T extends EventType> = Extract<LifeboatEvent, { type: T }>;

/** A record as it goes over the wire: CloudEvents 1.0, Kafka binary mode (headers ce_*), JSON data. */
export interface WireRecord {
  readonly topic: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
}

const compiled = new Map<string, ReturnType<typeof Schema.Compile>>();
const validator = (d: EventDefinition<string, Type.TSchema>, open: boolean) => {
  const name = `${d.type}/${open ? 'open' : 'closed'}`;
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const v = Schema.Compile((open ? opened(d.data) : d.data) as Type.TSchema);
  compiled.set(name, v);
  return v;
};

/** The same schema with unknown keys allowed: a reader of an older version is not broken by a field added later. */
const opened = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(opened);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([k, v]) => !(k === 'additionalProperties' && v === false))
      .map(([k, v]) => [k, opened(v)]),
  );
};

const firstProblem = (v: ReturnType<typeof Schema.Compile>, data: unknown): string => {
  const [, errors] = v.Errors(data) as [boolean, { instancePath: string; message: string; params?: unknown }[]];
  const e = errors[0];
  return e === undefined
    ? 'does not fit its schema'
    : `${e.instancePath === '' ? '(whole)' : e.instancePath.slice(1).replaceAll('/', '.')} ${inWords(e)}${extraKeys(e.params)}`;
};
export const NO_SUCH_KEY = 'is not known here; correct its name or remove it';
/** The validator's word, where it helps; 'schema is false' and 'one of the allowed values' leave the reader guessing. */
const inWords = ({ message, params }: { message: string; params?: unknown }): string => {
  const allowed = (params as { allowedValues?: unknown[] } | undefined)?.allowedValues;
  if (allowed !== undefined) return `must be one of ${allowed.join(', ')}`;
  return message === 'schema is false' ? NO_SUCH_KEY : message;
};
const extraKeys = (params: unknown): string => {
  const extra = (params as { additionalProperties?: string[] } | undefined)?.additionalProperties;
  return extra === undefined ? '' : ` (${extra.join(', ')})`;
};

/** Throws when a decision makes an event that does not fit its own schema: a bug, found where it is made. */
export function encode(e: LifeboatEvent): WireRecord {
  const d = definitionOf.get(e.type);
  if (d === undefined) throw new Error(`no such event: ${e.type}`);
  const v = validator(d, false);
  if (!v.Check(e.data)) throw new Error(`${e.type}: ${firstProblem(v, e.data)}`);
  return {
    topic: d.topic,
    key: d.key(e.data),
    headers: {
      ce_specversion: '1.0',
      ce_id: e.id,
      ce_source: e.source,
      ce_type: e.type,
      ce_time: isoTime(e.time),
      ce_dataschema: `${e.type}.v${d.version}.schema.json`,
      ce_subject: d.key(e.data),
      ce_sequence: String(e.sequence),
      ...(e.incident === undefined ? {} : { ce_incident: e.incident }),
      ...(e.causation === undefined ? {} : { ce_causation: e.causation }),
      'content-type': 'application/json',
    },
    value: JSON.stringify(e.data),
  };
}

export type Decoded = { ok: true; event: LifeboatEvent } | { ok: false; reason: string };

/** Reads a wire record; what cannot be read is answered with the field and what is wrong with it, never thrown. */
export function decode(r: Pick<WireRecord, 'headers' | 'value'>): Decoded {
  const h = r.headers;
  const type = h.ce_type;
  if (h.ce_specversion !== '1.0')
    return { ok: false, reason: `header ce_specversion: '1.0' wanted, got '${h.ce_specversion ?? 'nothing'}'` };
  if (type === undefined) return { ok: false, reason: 'header ce_type: missing' };
  const d = definitionOf.get(type);
  if (d === undefined) return { ok: false, reason: `header ce_type: no such event '${type}'` };
  if (!/^[0-9a-f]{32}$/.test(h.ce_id ?? '')) return { ok: false, reason: 'header ce_id: 32 hex digits wanted' };
  const time = fromIsoTime(h.ce_time ?? '');
  if (time === null) return { ok: false, reason: `header ce_time: not a time: '${h.ce_time ?? 'nothing'}'` };
  const sequence = Number(h.ce_sequence);
  if (!/^[0-9]+$/.test(h.ce_sequence ?? '') || !Number.isSafeInteger(sequence))
    return { ok: false, reason: `header ce_sequence: a whole number wanted, got '${h.ce_sequence ?? 'nothing'}'` };
  if (h.ce_source === undefined) return { ok: false, reason: 'header ce_source: missing' };
  let data: unknown;
  try {
    data = JSON.parse(r.value);
  } catch (e) {
    return { ok: false, reason: `data: not JSON: ${(e as Error).message}` };
  }
  const v = validator(d, true);
  if (!v.Check(data)) return { ok: false, reason: `data.${firstProblem(v, data)}` };
  return {
    ok: true,
    event: {
      type,
      data,
      id: h.ce_id as EventId,
      source: h.ce_source,
      time,
      sequence,
      ...(h.ce_incident === undefined ? {} : { incident: h.ce_incident as IncidentId }),
      ...(h.ce_causation === undefined ? {} : { causation: h.ce_causation }),
    } as LifeboatEvent,
  };
}

const compiledSchemas = new WeakMap<Type.TSchema, ReturnType<typeof Schema.Compile>>();

/** Checks any JSON against a schema (config, topology, znode data): the first complaint, with the path of the field. */
export function checkAgainst<S extends Type.TSchema>(
  schema: S,
  value: unknown,
): { ok: true; value: Type.Static<S> } | { ok: false; problem: string } {
  // compiling costs a millisecond: a registry with thousands of hosts is read often
  const v = compiledSchemas.get(schema) ?? (Schema.Compile(schema) as ReturnType<typeof Schema.Compile>);
  compiledSchemas.set(schema, v);
  return v.Check(value) ? { ok: true, value: value as Type.Static<S> } : { ok: false, problem: firstProblem(v, value) };
}
