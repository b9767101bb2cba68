import Type from 'typebox';
import { EventIdSchema, IncidentIdSchema } from '../model/words.ts';

/** The headers that `encode` writes: CloudEvents 1.0, Kafka binary mode. */
export const HeadersSchema = Type.Object({
  ce_specversion: Type.Literal('1.0'),
  ce_id: EventIdSchema,
  ce_source: Type.String({ minLength: 1, description: 'The service that produced it.' }),
  ce_type: Type.String({ pattern: '^lifeboat(\\.[a-z-]+){2}$' }),
  ce_time: Type.String({ format: 'date-time' }),
  ce_dataschema: Type.String({
    pattern: '^lifeboat(\\.[a-z-]+){2}\\.v[0-9]+\\.schema\\.json$',
    description: 'The file of the JSON Schema that the data fits.',
  }),
  ce_subject: Type.String({ description: "The record's key." }),
  ce_sequence: Type.String({
    pattern: '^[0-9]+$',
    description: "Counts this producer's events: a number seen before on a partition is a second delivery.",
  }),
  ce_incident: Type.Optional(IncidentIdSchema),
  ce_causation: Type.Optional(Type.String({ description: 'The id of the event, or the operation, that caused it.' })),
  'content-type': Type.Literal('application/json'),
});
