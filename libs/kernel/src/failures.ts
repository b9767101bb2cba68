/**
 * Every refusal and failure that a port may answer with, in one closed table. `retry` says whether the same call may
 * be made again: 'never' (the answer will not change), 'backoff' (it may), 'look' (find out first what the last call did).
 */
export const failures = {
  STALE_EPOCH: { retry: 'never', about: 'a newer leader has taken over; step down' },
  LEASE_LOST: { retry: 'never', about: 'our lease lapsed before the act; nothing was done' },
  BUS_UNREACHABLE: { retry: 'backoff', about: 'the event bus did not take or give events' },
  STORE_UNREACHABLE: { retry: 'backoff', about: 'the state store did not answer' },
  REGISTRY_UNREACHABLE: { retry: 'backoff', about: 'the registry did not answer' },
  REGISTRY_TAKEN: { retry: 'backoff', about: 'another live session is registered under this name' },
  CLOUD_UNREACHABLE: { retry: 'backoff', about: 'the OpenStack API did not answer; nothing was sent' },
  CLOUD_TIMEOUT: { retry: 'look', about: 'the OpenStack API did not answer in time; the call may have been taken' },
  CLOUD_UNAUTHORIZED: { retry: 'never', about: 'Keystone refused the credentials' },
  CLOUD_FORBIDDEN: { retry: 'never', about: 'the credentials may not do this; see the policy named' },
  CLOUD_NOT_FOUND: { retry: 'never', about: 'the server, host or service does not exist' },
  CLOUD_CONFLICT: { retry: 'look', about: 'the VM is in a state in which this cannot be done' },
  CLOUD_HOST_STILL_UP: { retry: 'look', about: 'Nova refuses to evacuate from a service it believes is up: force it down first' },
  CLOUD_REFUSED: { retry: 'never', about: 'the OpenStack API refused the request as made' },
  CLOUD_FAILED: { retry: 'look', about: 'the OpenStack API failed (5xx)' },
  CLOUD_BAD_ANSWER: { retry: 'backoff', about: 'the answer is not what the API promises; the field is named' },
  FENCE_UNREACHABLE: { retry: 'backoff', about: 'the fence device does not answer' },
  FENCE_REFUSED: { retry: 'backoff', about: 'the fence device answered with an error (credentials, plug, action)' },
  FENCE_TIMEOUT: { retry: 'backoff', about: 'the fence agent did not end within its time limit' },
  FENCE_MISCONFIGURED: { retry: 'never', about: 'the fence agent is not installed or its parameters are wrong' },
  MAIL_UNREACHABLE: { retry: 'backoff', about: 'the mail server does not answer' },
  MAIL_REFUSED: { retry: 'never', about: 'the mail server refused the message or a recipient' },
  SSH_UNREACHABLE: { retry: 'backoff', about: 'no SSH connection' },
  SSH_REFUSED: { retry: 'never', about: 'SSH login refused, or the host key is not the known one' },
  COMMAND_FAILED: { retry: 'backoff', about: 'the command ended with an error' },
  VMS_UNREADABLE: { retry: 'backoff', about: 'the hypervisor did not say which VMs it runs' },
} as const satisfies Record<string, { retry: 'never' | 'backoff' | 'look'; about: string }>;

export type FailureCode = keyof typeof failures;
export type Failure<Code extends FailureCode = FailureCode> = Readonly<{ ok: false; code: Code; detail: string }>;
export type Outcome<T, Code extends FailureCode = FailureCode> = Readonly<{ ok: true; value: T }> | Failure<Code>;

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });
export const done: { readonly ok: true; readonly value: undefined } = { ok: true, value: undefined };
export const failed = <Code extends FailureCode>(code: Code, detail: string): Failure<Code> => ({ ok: false, code, detail });
/** For logs and people: the code, what it means, and what was seen. */
export const describeFailure = (f: Failure): string => `${f.code}: ${failures[f.code].about} (${f.detail})`;

/** Bad input of any kind: which file or message, which field, what is wrong, how to mend it. */
export type Complaint = Readonly<{ where: string; field: string; problem: string }>;
export const complain = (c: Complaint): string => `${c.where}: ${c.field}: ${c.problem}`;
