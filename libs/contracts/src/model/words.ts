import type { Brand, ClusterId, EventId, HostId, IncidentId, Instant, OperationId, RackId, VmId } from '@lifeboat/kernel';
import Type from 'typebox';

const word = <B extends Brand<string, string>>(pattern: string, description: string) =>
  Type.Unsafe<B>({ type: 'string', pattern, description });

export const HostIdSchema = word<HostId>(
  '^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$',
  "A compute node's name, as Nova's compute service calls it.",
);
export const VmIdSchema = word<VmId>('^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$', "A VM's Nova UUID.");
export const VmNameSchema = Type.String({
  maxLength: 255,
  description: "What its owner calls it (Nova's name); absent where nobody knows.",
});
/** `name` as a part of an object; none where there is none. */
export const named = (name: string | undefined): { readonly name?: string } => (name === undefined || name === '' ? {} : { name });
export const ClusterIdSchema = word<ClusterId>(
  '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$',
  'A cluster: hosts with one VLAN and one HA policy; a Nova host aggregate.',
);
export const RackIdSchema = word<RackId>('^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$', 'A rack: a failure domain (power feed, top-of-rack switch).');
export const IncidentIdSchema = word<IncidentId>('^inc-[A-Za-z0-9._-]{1,250}$', 'One confirmed fault and everything done about it.');
export const OperationIdSchema = word<OperationId>('^.{1,400}$', 'One act of one incident; the same act has the same id.');
export const EventIdSchema = word<EventId>('^[0-9a-f]{32}$', 'The same whenever the same event is produced again.');
export const InstantSchema = Type.Unsafe<Instant>({ type: 'integer', minimum: 0, description: 'Milliseconds since 1970-01-01T00:00Z.' });

/** A closed object: producers may not add a key that the schema does not know. */
export const Closed = <P extends Type.TProperties>(properties: P, options: Record<string, unknown> = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options });
export const OneOf = <const V extends readonly string[]>(values: V, description = '') =>
  Type.Unsafe<V[number]>({ type: 'string', enum: [...values], ...(description ? { description } : {}) });
