/**
 * Every refusal and failure that a port may answer with, in one closed table. `retry` says whether the same call may
 * be made again: 'never' (the answer will not change), 'backoff' (it may), 'look' (find out first what the last call did).
 * `mend` is what an operator does about it; docs/failures.md is generated from here.
 */
export const failures = {
  STALE_EPOCH: {
    retry: 'never',
    about: 'a newer leader has taken over; step down',
    mend: 'Nothing. Lifeboat steps down and the newer leader acts. Coming again and again: two processes keep taking the lead; look at the registry and the clocks.',
  },
  LEASE_LOST: {
    retry: 'never',
    about: 'our lease lapsed before the act, or nobody wants it any more; nothing was done',
    mend: 'Nothing, once. Often: the registry is slow or far away; look at its latency and at pauses of the process.',
  },
  BUS_UNREACHABLE: {
    retry: 'backoff',
    about: 'the event bus did not take or give events',
    mend: 'See that the Kafka brokers named in the settings run and are reachable. Nothing is lost: what is owed is published when they are back.',
  },
  STORE_UNREACHABLE: {
    retry: 'backoff',
    about: 'the state store did not answer',
    mend: 'See that Redis runs, accepts the password and has memory left. Decisions wait until it is back.',
  },
  REGISTRY_UNREACHABLE: {
    retry: 'backoff',
    about: 'the registry did not answer',
    mend: 'See that a majority of the ZooKeeper servers runs and is reachable over the management network.',
  },
  REGISTRY_TAKEN: {
    retry: 'backoff',
    about: 'another live session is registered under this name',
    mend: 'See whether two agents run under one host name, or whether an old session has yet to lapse (it does so by itself).',
  },
  CLOUD_UNREACHABLE: {
    retry: 'backoff',
    about: 'the OpenStack API did not answer; nothing was sent',
    mend: 'See that the OpenStack endpoint named answers from this machine.',
  },
  CLOUD_TIMEOUT: {
    retry: 'look',
    about: 'the OpenStack API did not answer in time; the call may have been taken',
    mend: 'Look at the load of the OpenStack API. Lifeboat looks what the call did before it goes on.',
  },
  CLOUD_UNAUTHORIZED: {
    retry: 'never',
    about: 'Keystone refused the credentials',
    mend: 'Mend the credentials in clouds.yaml or OS_* (user, password, project, domains), then restart the service.',
  },
  CLOUD_FORBIDDEN: {
    retry: 'never',
    about: 'the credentials may not do this; see the policy named',
    mend: 'Give the user the role that the named policy asks for (admin, for evacuation and force-down).',
  },
  CLOUD_NOT_FOUND: {
    retry: 'never',
    about: 'the server, host or service does not exist',
    mend: 'A VM: its owner deleted it, nothing is to be done. A host: see that the topology file names it as Nova does.',
  },
  CLOUD_CONFLICT: {
    retry: 'look',
    about: 'the VM is in a state in which this cannot be done',
    mend: 'Look at the VM in Nova (status, task, fault); finish or reset what hangs there, then retry the VM from its incident.',
  },
  CLOUD_HOST_STILL_UP: {
    retry: 'look',
    about: 'Nova refuses to evacuate from a service it believes is up: force it down first',
    mend: 'Nothing: Lifeboat forces the service down first. Staying so: something else clears the force-down; find it.',
  },
  CLOUD_REFUSED: {
    retry: 'never',
    about: 'the OpenStack API refused the request as made',
    mend: 'Read the detail: a microversion or a policy of the cloud differs from what Lifeboat asks for.',
  },
  CLOUD_FAILED: { retry: 'look', about: 'the OpenStack API failed (5xx)', mend: "Look in Nova's logs for the request id in the detail." },
  CLOUD_BAD_ANSWER: {
    retry: 'backoff',
    about: 'the answer is not what the API promises; the field is named',
    mend: 'Something between us and OpenStack changes its answers (a proxy?), or its version is not known to us: report the field named.',
  },
  PLANNER_LOST: {
    retry: 'backoff',
    about: 'the planner ended or hung and is started again; nothing was planned',
    mend: 'Nothing, once: it is planned again. Coming again and again: see the log line before it, and the memory of the scheduler.',
  },
  PLANNER_TIMEOUT: {
    retry: 'backoff',
    about: 'no plan came within its time limit',
    mend: 'Look at the load of the machine and at how long OpenStack takes to say what changed. It is planned again.',
  },
  FENCE_UNREACHABLE: {
    retry: 'backoff',
    about: 'the fence device does not answer',
    mend: 'See that the BMC or power switch answers on the management network; until one method works, power the host off by hand and state that it is down.',
  },
  FENCE_REFUSED: {
    retry: 'backoff',
    about: 'the fence device answered with an error (credentials, plug, action)',
    mend: "Try the method's parameters by hand with the fence agent; mend user, password or plug in the topology file.",
  },
  FENCE_TIMEOUT: {
    retry: 'backoff',
    about: 'the fence agent did not end within its time limit',
    mend: 'See how long the device takes by hand; raise timeLimitMs of the method where it is only slow.',
  },
  FENCE_MISCONFIGURED: {
    retry: 'never',
    about: 'the fence agent is not installed or its parameters are wrong',
    mend: 'Install the fence agent named, or mend the parameter named in the topology file.',
  },
  FENCE_DISBELIEVED: {
    retry: 'never',
    about: 'the fence device has called this host off while it went on running',
    mend: 'Switch the host off by hand and state so; then find out what the device really switches, and replace or rewire it.',
  },
  MAIL_UNREACHABLE: {
    retry: 'backoff',
    about: 'the mail server does not answer',
    mend: 'See that the mail server named in the settings runs and is reachable.',
  },
  MAIL_REFUSED: {
    retry: 'never',
    about: 'the mail server refused the message or a recipient',
    mend: "Mend the sender, the credentials or the contact's address: the server's own words are in the detail.",
  },
  SMS_UNREACHABLE: {
    retry: 'backoff',
    about: 'the SMS provider does not answer, or is not to be had just now',
    mend: 'See that the provider named in the settings answers from this machine, and that its account has credit. The mails go out meanwhile.',
  },
  SMS_UNCERTAIN: {
    retry: 'backoff',
    about: 'the SMS provider was given the message and did not say whether it took it',
    mend: 'Nothing: a question also goes by the second provider, where there is one (twice is better than not at all); what only informs is asked of the same one again.',
  },
  SMS_REFUSED: {
    retry: 'never',
    about: 'the SMS provider refused the message or its number',
    mend: "Mend the contact's number, the sender's number or the credentials: the provider's own words are in the detail.",
  },
  SSH_UNREACHABLE: {
    retry: 'backoff',
    about: 'no SSH connection',
    mend: 'Nothing by itself: it is evidence about the host. On a healthy host: see its sshd and the firewall.',
  },
  SSH_REFUSED: {
    retry: 'never',
    about: 'SSH login refused, or the host key is not the known one',
    mend: "Put the monitor's public key on the host, or its new host key into the known-hosts file.",
  },
  COMMAND_FAILED: {
    retry: 'backoff',
    about: 'the command ended with an error',
    mend: 'Log in and run the command named: the last lines it printed are in the detail.',
  },
  VMS_UNREADABLE: {
    retry: 'backoff',
    about: 'the hypervisor did not say which VMs it runs',
    mend: 'See that libvirtd runs on the host and that the agent may open its socket.',
  },
} as const satisfies Record<string, { retry: 'never' | 'backoff' | 'look'; about: string; mend: string }>;

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
