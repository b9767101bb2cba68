import type Type from 'typebox';
import { type EventDefinition, services, topics } from '../define.ts';
import { HeadersSchema } from './headers.ts';
import { camel, definitions, type Json, type JsonObject, keyOf, plain } from './json-schema.ts';

type Definition = EventDefinition<string, Type.TSchema>;
const KAFKA_BINDING = '0.5.0';
const byName = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> => Object.fromEntries(entries);
const topicNames = Object.entries(topics);
const on = (topic: string) => definitions.filter((d) => d.topic === topic);

const channel = (topic: string): JsonObject => ({
  address: topic,
  title: topic,
  servers: [{ $ref: '#/servers/kafka' }],
  messages: byName(on(topic).map((d) => [camel(d.type), { $ref: `#/components/messages/${camel(d.type)}` }])),
  bindings: { kafka: { topic, bindingVersion: KAFKA_BINDING } },
});

const message = (d: Definition): JsonObject => ({
  name: d.type,
  title: `${d.type}, version ${d.version}`,
  summary: d.about,
  contentType: 'application/json',
  headers: { $ref: '#/components/schemas/cloudEventHeaders' },
  payload: { $ref: `#/components/schemas/${camel(d.type)}` },
  bindings: {
    kafka: { key: { type: 'string', description: `What must stay in order shares a key: ${keyOf(d)}.` }, bindingVersion: KAFKA_BINDING },
  },
});

const operation = (service: string, action: 'send' | 'receive', name: string, messages: readonly Definition[]): JsonObject => ({
  action,
  title: `${service} ${action === 'send' ? 'tells' : 'hears'} ${topics[name as keyof typeof topics]}`,
  channel: { $ref: `#/channels/${name}` },
  messages: messages.map((d) => ({ $ref: `#/channels/${name}/messages/${camel(d.type)}` })),
  tags: [{ name: service }],
});

const operations = (): [string, Json][] =>
  services.flatMap((service) =>
    topicNames.flatMap(([name, topic]) => {
      const sent = on(topic).filter((d) => d.producedBy.includes(service));
      const received = on(topic).filter((d) => d.consumedBy.includes(service));
      const all: [string, Json][] = [];
      if (sent.length > 0) all.push([camel(`${service}.sends.${name}`), operation(service, 'send', name, sent)]);
      if (received.length > 0) all.push([camel(`${service}.receives.${name}`), operation(service, 'receive', name, received)]);
      return all;
    }),
  );

export const asyncapi = (): JsonObject => ({
  asyncapi: '3.0.0',
  info: {
    title: 'Lifeboat',
    version: '1.0.0',
    description:
      'The events by which the services of Lifeboat talk: CloudEvents 1.0 in binary mode on Kafka, JSON data. Generated: npm run gen.',
    license: { name: 'Apache-2.0' },
  },
  defaultContentType: 'application/json',
  servers: {
    kafka: {
      host: '{broker}',
      protocol: 'kafka',
      description: 'Any broker of the cluster.',
      variables: { broker: { default: '127.0.0.1:9092', description: 'Address and port.' } },
    },
  },
  channels: byName(topicNames.map(([name, topic]) => [name, channel(topic)])),
  operations: byName(operations()),
  components: {
    messages: byName(definitions.map((d) => [camel(d.type), message(d)])),
    schemas: {
      cloudEventHeaders: plain(HeadersSchema),
      ...byName(definitions.map((d) => [camel(d.type), plain(d.data)])),
    },
  },
});
