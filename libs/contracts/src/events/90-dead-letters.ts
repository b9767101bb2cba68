import Type from 'typebox';
import { defineEvent, services, topics } from '../define.ts';
import { Closed, InstantSchema, OneOf } from '../model/words.ts';

export const eventRejected = defineEvent({
  type: 'lifeboat.event.rejected',
  version: 1,
  topic: topics.deadLetters,
  producedBy: services,
  consumedBy: ['console'],
  about: 'Something that a service could not read, kept as it came, with the reason.',
  key: (d) => d.from,
  data: Closed({
    by: OneOf(services),
    from: Type.String({ maxLength: 300, description: 'topic/partition/offset, registry path, file.' }),
    reason: Type.String({ maxLength: 1000 }),
    headers: Type.Record(Type.String(), Type.String()),
    raw: Type.String({ description: 'The bytes as they came, UTF-8, at most 64 KiB.' }),
    at: InstantSchema,
  }),
});
