import { createHash } from 'node:crypto';

declare const brand: unique symbol;
/** A value that only its own constructor makes: a host id is not a VM id, a number is not an epoch. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

export type HostId = Brand<string, 'HostId'>;
export type VmId = Brand<string, 'VmId'>;
export type ClusterId = Brand<string, 'ClusterId'>;
export type RackId = Brand<string, 'RackId'>;
export type IncidentId = Brand<string, 'IncidentId'>;
/** Same intent, same id: what makes a repeated order harmless. */
export type OperationId = Brand<string, 'OperationId'>;
export type EventId = Brand<string, 'EventId'>;
/** Grows with every change of leader. The store and every gate refuse an older one than they have seen. */
export type Epoch = Brand<number, 'Epoch'>;

export const hostId = (s: string) => s as HostId;
export const vmId = (s: string) => s as VmId;
export const clusterId = (s: string) => s as ClusterId;
export const rackId = (s: string) => s as RackId;
export const incidentId = (s: string) => s as IncidentId;
export const operationId = (incident: IncidentId, act: string) => `${incident}/${act}` as OperationId;
export const epoch = (n: number) => n as Epoch;

/** An id that is the same whenever the same things are named: 128 bits of SHA-256, hex. */
export const stableId = (...parts: readonly (string | number)[]): string =>
  createHash('sha256').update(parts.join('\u0000')).digest('hex').slice(0, 32);
export const eventId = (producer: string, cause: string, ordinal: number) => stableId(producer, cause, ordinal) as EventId;
