import Type from 'typebox';
import { Closed, ClusterIdSchema, HostIdSchema, OneOf, RackIdSchema } from '../model/words.ts';
import { type ClusterPolicy, ClusterPolicySchema, defaultClusterPolicy } from './policy.ts';

const fenceAgent = Type.String({
  pattern: '^(/.+/)?fence_[a-z0-9_]+$',
  description: 'e.g. fence_ipmilan; a path for an agent outside PATH.',
});
const fenceParameters = Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]*$' }), Type.String(), {
  description:
    "The agent's own parameters (its -o metadata): ip, username, password, lanplus, ... Secrets may be given as ${env:NAME} or ${file:/path}.",
});

/** One way to isolate a host: a ClusterLabs fence agent and its parameters, given to it on standard input. */
export const FenceMethodSchema = Closed({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  agent: fenceAgent,
  parameters: fenceParameters,
  timeLimitMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 300_000, default: 30_000 })),
  also: Type.Optional(
    Type.Array(Closed({ agent: fenceAgent, parameters: fenceParameters }), {
      minItems: 1,
      description: 'Further devices of the host, which is off only when all are: the power strips of a second power supply.',
    }),
  ),
});
export type FenceMethod = Type.Static<typeof FenceMethodSchema>;

/** Where a method's device is to be found, for people and to tell one device from another. */
export const addressOf = ({ parameters: p, agent }: FenceMethod): string => (p['ip'] ?? p['ipaddr'] ?? agent).slice(0, 253);

export const TopologyHostSchema = Closed({
  host: HostIdSchema,
  cluster: ClusterIdSchema,
  rack: RackIdSchema,
  highPerformance: Type.Optional(Type.Boolean({ default: false })),
  managementAddress: Type.String({ minLength: 1, maxLength: 253 }),
  productionAddress: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
  fence: Type.Array(FenceMethodSchema, { description: 'In the order in which they are tried.' }),
  maintenance: Type.Optional(Type.Boolean({ default: false, description: 'Planned work: nothing about this host is a fault.' })),
  cell: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description:
        'Its Nova cell (nova-manage cell_v2 list_hosts), where the region has several: Nova evacuates no VM to another cell, and tells nobody which host is in which.',
    }),
  ),
});
export type TopologyHost = Type.Static<typeof TopologyHostSchema>;

export const languages = ['en', 'zh-CN'] as const;
export type Language = (typeof languages)[number];
const clockTime = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' });

export const ContactSchema = Closed({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  role: Type.Optional(Type.String({ maxLength: 100, description: 'For people to read: night shift, head of operations.' })),
  email: Type.Optional(Type.String({ pattern: '^[^@\\s]+@[^@\\s]+$' })),
  phone: Type.Optional(Type.String({ pattern: '^\\+[0-9]{6,15}$' })),
  language: Type.Optional(OneOf(languages, "Of the texts sent to it; 'en' when absent.")),
  timeZone: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 60,
      description: 'Times in its messages, as in Asia/Shanghai; absent: that of its quiet hours, or UTC.',
    }),
  ),
  quietHours: Type.Optional(
    Closed(
      { from: clockTime, to: clockTime, timeZone: Type.String({ minLength: 1, maxLength: 60, description: 'As in Asia/Shanghai.' }) },
      { description: 'Nothing but questions is sent in these hours of the day; it comes afterwards, as one mail.' },
    ),
  ),
});
export type Contact = Type.Static<typeof ContactSchema>;

/** The topology file: what OpenStack does not know. */
export const TopologySchema = Closed({
  region: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' }),
  clusters: Type.Array(
    Closed({
      cluster: ClusterIdSchema,
      highPerformance: Type.Optional(Type.Boolean({ default: false })),
      policy: Type.Optional(Type.Partial(ClusterPolicySchema)),
      contacts: Type.Optional(Type.Array(Type.String())),
      escalation: Type.Optional(
        Type.Array(
          Closed({
            contacts: Type.Array(Type.String(), { minItems: 1 }),
            afterMinutes: Type.Number({ minimum: 0, maximum: 1440 }),
          }),
          { description: 'Who is asked for a confirmation, and how long after the question; absent: all contacts at once.' },
        ),
      ),
    }),
    { minItems: 1 },
  ),
  racks: Type.Array(
    Closed({
      rack: RackIdSchema,
      room: Type.Optional(Type.String()),
      darkIsDead: Type.Optional(
        Type.Boolean({
          default: true,
          description:
            'The rack rule: a rack that is silent on both networks, with all its fence devices, has no power. Set it to false where one switch carries all of these: then a person decides.',
        }),
      ),
    }),
    { minItems: 1 },
  ),
  hosts: Type.Array(TopologyHostSchema, { minItems: 1 }),
  contacts: Type.Optional(Type.Array(ContactSchema)),
  probes: Type.Optional(
    Closed({
      icmp: Type.Optional(Type.Boolean({ default: true })),
      tcpPorts: Type.Optional(Type.Array(Type.Integer({ minimum: 1, maximum: 65535 }), { default: [22] })),
      refusedIsAlive: Type.Optional(
        Type.Boolean({
          default: true,
          description: 'A TCP reset shows that the host is up. False where addresses outlive their hosts, as on loopback.',
        }),
      ),
      peers: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 16, default: 4, description: 'How many peers each agent probes over the production network.' }),
      ),
      productionTcpPort: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 65535, description: 'Probe peers by TCP on this port; ICMP when absent.' }),
      ),
      ssh: Type.Optional(
        Closed({
          user: Type.String({ default: 'root' }),
          port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
          identityFile: Type.Optional(Type.String()),
          knownHostsFile: Type.Optional(Type.String()),
          restartCommand: Type.Optional(Type.String({ default: 'systemctl restart lifeboat-agent' })),
        }),
      ),
    }),
  ),
  brake: Type.Optional(
    Closed({
      clusterShare: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 0.3 })),
      regionShare: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 0.2 })),
      hosts: Type.Optional(Type.Integer({ minimum: 1, default: 40 })),
    }),
  ),
});
export type Topology = Type.Static<typeof TopologySchema>;

/** A cluster's policy: what the file says over the defaults. */
export const policyOf = (t: Topology, cluster: string): ClusterPolicy => ({
  ...defaultClusterPolicy,
  ...t.clusters.find((c) => c.cluster === cluster)?.policy,
});
