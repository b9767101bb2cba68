import Type from 'typebox';
import { Closed, HostIdSchema, InstantSchema, OneOf, VmIdSchema, VmNameSchema } from './words.ts';

export const vmStates = ['running', 'paused', 'shut-off', 'crashed', 'hung', 'io-error', 'unknown'] as const;
/** A VM as the hypervisor of its host sees it, not as Nova does. */
export const VmReportSchema = Closed({
  vm: VmIdSchema,
  name: Type.Optional(VmNameSchema),
  state: OneOf(vmStates),
  reason: Type.Optional(Type.String({ maxLength: 200, description: "The hypervisor's own word for it." })),
  since: InstantSchema,
});
export type VmReport = Type.Static<typeof VmReportSchema>;
/** In these states a VM was there for its owner, or was about to be mended. One that was paused or shut off, somebody wanted so. */
const up = new Set<VmReport['state']>(['running', 'hung', 'io-error', 'crashed']);
export const upAmong = (vms: readonly VmReport[]): readonly VmReport['vm'][] => vms.filter((v) => up.has(v.state)).map((v) => v.vm);

export const PeerViewSchema = Closed({
  peer: HostIdSchema,
  production: OneOf(['alive', 'dead'] as const, 'Did its production address answer this host?'),
  at: InstantSchema,
});
export type PeerView = Type.Static<typeof PeerViewSchema>;

export const machineUuid = Type.String({
  maxLength: 100,
  description: "The machine's own UUID (DMI product UUID): what its BMC should say, too. Absent where the host does not tell.",
});

/** What an agent writes under its ephemeral node in the registry. */
export const RegistrationSchema = Closed({
  host: HostIdSchema,
  bootId: Type.String({ minLength: 1, maxLength: 100, description: "The kernel's boot id: changes when the host starts anew." }),
  machineUuid: Type.Optional(machineUuid),
  agentVersion: Type.String({ maxLength: 40 }),
  startedAt: InstantSchema,
  leaving: Type.Boolean({ description: 'The agent is being stopped on purpose.' }),
  vmsKnown: Type.Boolean({ description: 'False while the hypervisor does not answer: the list of VMs is then the last one known.' }),
  vms: Type.Array(VmReportSchema, { maxItems: 2000 }),
  peers: Type.Array(PeerViewSchema, { maxItems: 64 }),
});
export type Registration = Type.Static<typeof RegistrationSchema>;

const signal = <const V extends readonly string[]>(values: V, description: string) =>
  Closed({ is: OneOf(values), at: InstantSchema, detail: Type.Optional(Type.String({ maxLength: 300 })) }, { description });

/** What the node-monitor sees of a host. Each signal has its own time: old evidence is unknown, never dead. */
export const SignalsSchema = Closed({
  management: Type.Optional(signal(['alive', 'dead'] as const, 'The management address answers ICMP or TCP.')),
  ssh: Type.Optional(signal(['works', 'refused', 'dead'] as const, 'A login over SSH.')),
  power: Type.Optional(
    signal(
      ['on', 'off', 'unreachable', 'error'] as const,
      "What the host's fence device says; 'unreachable' = the device itself is silent.",
    ),
  ),
  compute: Type.Optional(signal(['up', 'down', 'disabled', 'forced-down', 'missing'] as const, "Nova's compute service.")),
  dump: Type.Optional(signal(['in-progress', 'ended'] as const, 'A kernel crash dump, where the host tells us.')),
});
export type Signals = Type.Static<typeof SignalsSchema>;

export const verdicts = [
  'agent failure',
  'management network failure',
  'host failure',
  'host power failure',
  'production network failure',
  'production network failure of the cluster',
  'rack power failure',
  'top-of-rack switch failure',
  'observer failure',
  'VM failure',
] as const;
export type Verdict = (typeof verdicts)[number];
export const VerdictSchema = OneOf(verdicts, "The specification's diagnosis table, by its rows.");

/** One line of a verdict's reasons: who saw what, how old it was when judged. */
export const EvidenceSchema = Closed({
  host: HostIdSchema,
  signal: OneOf(['agent', 'management', 'ssh', 'power', 'compute', 'production', 'dump', 'round', 'vm'] as const),
  is: Type.String({ maxLength: 60 }),
  ageMs: Type.Integer({ minimum: 0 }),
  observer: Type.String({ maxLength: 300 }),
});
export type Evidence = Type.Static<typeof EvidenceSchema>;

export const proofKinds = ['fence', 'already-off', 'rack-rule', 'person'] as const;
/** Why we may believe that a host runs nothing any more. Without one, nothing is evacuated from it. */
export const ProofOfDeathSchema = Closed({
  host: HostIdSchema,
  kind: OneOf(
    proofKinds,
    'fence: powered off by our order and read back as off; already-off: read as off; rack-rule: see the specification; person: signed statement.',
  ),
  method: Type.String({ maxLength: 100, description: 'The fence method, rule or person.' }),
  at: InstantSchema,
  detail: Type.String({ maxLength: 500 }),
});
export type ProofOfDeath = Type.Static<typeof ProofOfDeathSchema>;
