import type Type from 'typebox';
import type { EventDefinition } from '../define.ts';
import { events as typedEvents } from '../events/index.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Every definition, without the types of its data: documents are made of schemas. */
export const definitions = typedEvents as readonly unknown[] as readonly EventDefinition<string, Type.TSchema>[];

/** The schema as plain JSON: what the schema library keeps for itself is not written. */
export const plain = (schema: unknown): JsonObject => JSON.parse(JSON.stringify(schema)) as JsonObject;

/** What header ce_dataschema names, and the $id of the schema. */
export const schemaName = (d: EventDefinition<string, Type.TSchema>) => `${d.type}.v${d.version}.schema.json`;

export const schemaDocument = (id: string, title: string, description: string, schema: unknown): JsonObject => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: id,
  title,
  description,
  ...plain(schema),
});

const paths = new WeakMap<object, string>();
const pathProxy = (path: string): object => {
  const proxy: object = new Proxy(
    {},
    {
      get: (_, name) =>
        pathProxy(/^[0-9]+$/.test(String(name)) ? `${path}[${String(name)}]` : [path, String(name)].filter(Boolean).join('.')),
    },
  );
  paths.set(proxy, path);
  return proxy;
};

/** What an event is keyed by, for readers: the field's name, or the constant in quotes. Found by asking the key function. */
export const keyOf = (d: EventDefinition<string, Type.TSchema>): string => {
  const key: unknown = d.key(pathProxy('') as never);
  return typeof key === 'object' && key !== null ? (paths.get(key) ?? '') : `'${String(key)}'`;
};

/** lifeboat.agent.lost → agentLost: names inside a document. */
export const camel = (name: string): string =>
  name.replace(/^lifeboat\./, '').replace(/[.-]([a-z])/g, (_, letter: string) => letter.toUpperCase());
