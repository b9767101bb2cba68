import { type Failure, failed } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';
import type { HttpResult } from './transport.ts';

export type CloudError = Failure<CloudFailure>;
type Answer = Extract<HttpResult, { kind: 'answer' }>;

/** What the server itself said: Nova {"badRequest": {message}}, Keystone {"error": {message}}, Placement {"errors": [{detail}]}. */
export const ownMessage = (body: string): string | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const part of Object.values(value)) {
    const one: unknown = Array.isArray(part) ? part[0] : part;
    if (typeof one !== 'object' || one === null) continue;
    const { message, detail, title } = one as Record<string, unknown>;
    for (const said of [message, detail, title]) if (typeof said === 'string' && said.trim() !== '') return said.trim().slice(0, 500);
  }
  return undefined;
};

export const requestId = (a: Answer): string => a.headers['x-openstack-request-id'] ?? a.headers['x-compute-request-id'] ?? 'no request id';

/** Every answer that is not the one hoped for, by name. `what` is the call, without a secret: 'POST /servers/ID/action'. */
export const failureOf = (what: string, a: Answer): CloudError => {
  const said = ownMessage(a.body);
  const detail = `${what}: ${a.status} ${said ?? (a.body.slice(0, 200).replace(/\s+/g, ' ').trim() || 'without a body')} [${requestId(a)}]`;
  return failed(codeOf(a.status, /"(itemNotFound|errors)"\s*:/.test(a.body)), detail);
};

const codeOf = (status: number, apiSpoke: boolean): CloudFailure => {
  if (status >= 500) return status === 504 ? 'CLOUD_TIMEOUT' : 'CLOUD_FAILED';
  switch (status) {
    case 401:
      return 'CLOUD_UNAUTHORIZED';
    case 403:
      return 'CLOUD_FORBIDDEN';
    case 404:
      // only Nova (itemNotFound) or Placement (errors) may say so: a proxy's 404 must not make us take a VM for gone
      return apiSpoke ? 'CLOUD_NOT_FOUND' : 'CLOUD_BAD_ANSWER';
    case 409:
      return 'CLOUD_CONFLICT';
    case 408:
      return 'CLOUD_TIMEOUT';
    case 429:
      return 'CLOUD_FAILED';
    default:
      return status >= 400 ? 'CLOUD_REFUSED' : 'CLOUD_BAD_ANSWER';
  }
};

export const unsent = (what: string, why: string): CloudError => failed('CLOUD_UNREACHABLE', `${what}: ${why}`);
export const lost = (what: string, why: string): CloudError => failed('CLOUD_TIMEOUT', `${what}: ${why}`);
export const badAnswer = (what: string, problem: string): CloudError => failed('CLOUD_BAD_ANSWER', `${what}: ${problem}`);

/**
 * For what is asked on the way to a call (a token, an endpoint's versions): the call itself was never sent, and a 404
 * there says nothing about its VM or host.
 */
export const onTheWay = (e: CloudError): CloudError => {
  const { code, detail } = e;
  if (code === 'CLOUD_NOT_FOUND' || code === 'CLOUD_CONFLICT') return failed('CLOUD_BAD_ANSWER', detail);
  return code === 'CLOUD_TIMEOUT' || code === 'CLOUD_FAILED' ? failed('CLOUD_UNREACHABLE', detail) : e;
};
