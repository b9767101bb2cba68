import Type from 'typebox';
import { Closed, ClusterIdSchema, HostIdSchema, RackIdSchema } from '../model/words.ts';
import { type ClusterPolicy, ClusterPolicySchema, defaultClusterPolicy } from './policy.ts';

/** One way to isolate a host: a ClusterLabs fence agent and its parameters, given to it on standard input. */
export const FenceMethodSchema = Closed({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  agent: Type.String({ pattern: '^(/.+/)?fence_[a-z0-9_]+$', description: 'e.g. fence_ipmilan; a path for an agent outside PATH.' }),
  parameters: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]*$' }), Type.String(), {
    description:
      "The agent's own parameters (its -o metadata): ip, username, password, lanplus, ... Secrets may be given as ${env:NAME} or ${file:/path}.",
  }),
  timeLimitMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 300_000, default: 30_000 })),
});
export type FenceMethod = Type.Static<typeof FenceMethodSchema>;

export const TopologyHostSchema = Closed({
  host: HostIdSchema,
  cluster: ClusterIdSchema,
  rack: RackIdSchema,
  highPerformance: Type.Optional(Type.Boolean({ default: false })),
  managementAddress: Type.String({ minLength: 1, maxLength: 253 }),
  productionAddress: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
  fence: Type.Array(FenceMethodSchema, { description: 'In the order in which they are tried.' }),
  maintenance: Type.Optional(Type.Boolean({ default: false, description: 'Planned work: nothing about this host is a fault.' })),
});
export type TopologyHost = Type.Static<typeof TopologyHostSchema>;

export const ContactSchema = Closed({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  email: Type.Optional(Type.String({ pattern: '^[^@\\s]+@[^@\\s]+$' })),
  phone: Type.Optional(Type.String({ pattern: '^\\+[0-9]{6,15}$' })),
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
    }),
    { minItems: 1 },
  ),
  racks: Type.Array(Closed({ rack: RackIdSchema, room: Type.Optional(Type.String()) }), { minItems: 1 }),
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
