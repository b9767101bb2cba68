import Type from 'typebox';

/** What we read of Nova's answers; unknown keys are allowed everywhere. */
const Open = Type.Object;
const orNull = <S extends Type.TSchema>(s: S) => Type.Union([s, Type.Null()]);
const Links = Type.Optional(Type.Array(Open({ rel: Type.String(), href: Type.String() })));

export const ServiceRow = Open({
  host: Type.String({ minLength: 1 }),
  binary: Type.String(),
  /** 'UNKNOWN', with nothing more, when the service's cell does not answer Nova. */
  status: Type.String(),
  id: Type.Optional(Type.String()),
  zone: Type.Optional(orNull(Type.String())),
  state: Type.Optional(Type.String()),
  forced_down: Type.Optional(Type.Boolean()),
  disabled_reason: Type.Optional(orNull(Type.String())),
});
export type ServiceRow = Type.Static<typeof ServiceRow>;
export const ServicesAnswer = Open({ services: Type.Array(ServiceRow) });

export const HypervisorRow = Open({
  id: Type.String(),
  hypervisor_hostname: Type.String(),
  hypervisor_type: Type.Optional(Type.String()),
  service: Open({ host: Type.String() }),
});
export type HypervisorRow = Type.Static<typeof HypervisorRow>;
export const HypervisorsAnswer = Open({ hypervisors: Type.Array(HypervisorRow), hypervisors_links: Links });

export const AggregatesAnswer = Open({
  aggregates: Type.Array(
    Open({
      name: Type.String(),
      hosts: Type.Array(Type.String()),
      metadata: Type.Optional(Type.Record(Type.String(), orNull(Type.String()))),
    }),
  ),
});
export type Aggregate = Type.Static<typeof AggregatesAnswer>['aggregates'][number];

export const GroupRow = Open({
  id: Type.String(),
  policy: Type.String(),
  rules: Type.Optional(Open({ max_server_per_host: Type.Optional(Type.Integer()) })),
  members: Type.Array(Type.String()),
});
export type GroupRow = Type.Static<typeof GroupRow>;
export const GroupsAnswer = Open({ server_groups: Type.Array(GroupRow) });

export const ServerRow = Open({
  id: Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' }),
  name: orNull(Type.String()),
  tenant_id: Type.Optional(Type.String()),
  status: Type.String(),
  metadata: Type.Record(Type.String(), Type.String()),
  tags: Type.Optional(Type.Array(Type.String())),
  flavor: Open({
    vcpus: Type.Integer(),
    ram: Type.Integer(),
    disk: Type.Integer(),
    ephemeral: Type.Integer(),
    swap: Type.Integer(),
    extra_specs: Type.Optional(Type.Record(Type.String(), Type.String())),
  }),
  /** '' for a server that boots from a volume. */
  image: Type.Union([
    Type.Literal(''),
    Type.Null(),
    /** From 2.98 on: what was said of the image when the server was built, under the names that Nova knows. */
    Open({ id: Type.String(), properties: Type.Optional(Type.Record(Type.String(), Type.String())) }),
  ]),
  /** `details` only with the admin role. */
  fault: Type.Optional(Open({ message: Type.String(), details: Type.Optional(Type.String()) })),
  'OS-EXT-SRV-ATTR:host': orNull(Type.String()),
  'OS-EXT-STS:vm_state': Type.String(),
  'OS-EXT-STS:task_state': orNull(Type.String()),
  'OS-EXT-AZ:availability_zone': Type.Optional(orNull(Type.String())),
  /** From 2.96 on: the zone that its owner asked for, null when none. */
  pinned_availability_zone: Type.Optional(orNull(Type.String())),
  locked: Type.Optional(Type.Boolean()),
  /** From 2.71 on. */
  server_groups: Type.Optional(Type.Array(Type.String())),
});
export type ServerRow = Type.Static<typeof ServerRow>;
const ServerHead = Open({ id: Type.String(), status: Type.String() });
export const ServersPage = Open({ servers: Type.Array(ServerHead), servers_links: Links });
export const ServerAnswer = Open({ server: ServerHead });

export const MigrationRow = Open({
  /** What the API of a server's own migrations goes by. */
  id: Type.Optional(Type.Integer()),
  uuid: Type.String(),
  instance_uuid: Type.String(),
  migration_type: Type.String(),
  source_compute: orNull(Type.String()),
  dest_compute: orNull(Type.String()),
  status: Type.String(),
  created_at: Type.String(),
});
export type MigrationRow = Type.Static<typeof MigrationRow>;
export const MigrationsAnswer = Open({ migrations: Type.Array(MigrationRow), migrations_links: Links });

export const ActRow = Open({ action: Type.String(), start_time: Type.String(), user_id: Type.Optional(orNull(Type.String())) });
export type ActRow = Type.Static<typeof ActRow>;
export const ActsAnswer = Open({ instanceActions: Type.Array(ActRow) });
