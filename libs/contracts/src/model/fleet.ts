import Type from 'typebox';
import { Closed, ClusterIdSchema, HostIdSchema, OneOf, RackIdSchema, VmIdSchema, VmNameSchema } from './words.ts';

export const ResourcesSchema = Closed({
  vcpus: Type.Integer({ minimum: 0 }),
  memoryMb: Type.Integer({ minimum: 0 }),
  diskGb: Type.Integer({ minimum: 0 }),
});
export type Resources = Type.Static<typeof ResourcesSchema>;

/** A host as the planner sees it. Capacity is what Placement would give: floor((total - reserved) x allocation ratio). */
export const FleetHostSchema = Closed({
  host: HostIdSchema,
  cluster: ClusterIdSchema,
  rack: RackIdSchema,
  highPerformance: Type.Boolean(),
  usable: Type.Boolean({ description: 'Up, enabled, not failed, not in maintenance: may take VMs.' }),
  unusableBecause: Type.Optional(Type.String({ maxLength: 200 })),
  capacity: ResourcesSchema,
  used: ResourcesSchema,
  maxUnit: Type.Optional(ResourcesSchema),
  load: Type.Optional(Closed({ memory: Type.Number({ minimum: 0 }), cpu: Type.Number({ minimum: 0 }) })),
  traits: Type.Optional(Type.Array(Type.String())),
  availabilityZone: Type.Optional(Type.String()),
  cell: Type.Optional(Type.String()),
});
export type FleetHost = Type.Static<typeof FleetHostSchema>;

export const FleetVmSchema = Closed({
  vm: VmIdSchema,
  name: VmNameSchema,
  host: HostIdSchema,
  size: ResourcesSchema,
  businessType: Type.String({ maxLength: 255, description: "Metadata lifeboat:business_type; '' = none, not spread." }),
  performance: OneOf(['standard', 'high'] as const),
  priority: Type.Integer({
    minimum: 0,
    maximum: 1000,
    description: 'Metadata lifeboat:priority; lower restarts first; 500 when not said.',
  }),
  status: Type.String({ maxLength: 40, description: "Nova's status, e.g. ACTIVE." }),
  group: Type.Optional(Type.String({ description: 'Server group id.' })),
  unevacuable: Type.Optional(Type.String({ maxLength: 300, description: 'Why this VM must not or cannot be moved.' })),
  notNow: Type.Optional(
    Type.String({ maxLength: 300, description: 'Why it cannot be moved at this moment (Nova is at work on it); it is looked at again.' }),
  ),
  requiredTraits: Type.Optional(Type.Array(Type.String())),
  forbiddenTraits: Type.Optional(Type.Array(Type.String(), { description: 'No host with one of these.' })),
  availabilityZone: Type.Optional(Type.String()),
});
export type FleetVm = Type.Static<typeof FleetVmSchema>;

export const groupPolicies = ['affinity', 'anti-affinity', 'soft-affinity', 'soft-anti-affinity'] as const;
export const FleetGroupSchema = Closed({
  group: Type.String(),
  policy: OneOf(groupPolicies),
  maxServersPerHost: Type.Integer({ minimum: 1 }),
});
export type FleetGroup = Type.Static<typeof FleetGroupSchema>;

export const FleetSchema = Closed({
  hosts: Type.Array(FleetHostSchema),
  vms: Type.Array(FleetVmSchema),
  groups: Type.Array(FleetGroupSchema),
});
export type Fleet = Type.Static<typeof FleetSchema>;

export const evacuationPolicies = [
  'own-cluster',
  'own-cluster-then-high-performance',
  'high-performance',
  'high-performance-then-own-cluster',
] as const;
export type EvacuationPolicy = (typeof evacuationPolicies)[number];

export const PlacementSchema = Closed({
  vm: VmIdSchema,
  name: Type.Optional(VmNameSchema),
  from: HostIdSchema,
  to: HostIdSchema,
  alternates: Type.Array(HostIdSchema, { description: 'Next best hosts, so that a refusal costs no new plan.' }),
  priority: Type.Integer({ minimum: 0, maximum: 1000 }),
  because: Type.String({ maxLength: 300 }),
});
export type Placement = Type.Static<typeof PlacementSchema>;

export const UnplacedSchema = Closed({
  vm: VmIdSchema,
  name: Type.Optional(VmNameSchema),
  from: HostIdSchema,
  because: Type.String({ maxLength: 500 }),
  /** 'never': must not be moved; 'no-room': may find a place later. */
  kind: OneOf(['never', 'no-room'] as const),
});
export type Unplaced = Type.Static<typeof UnplacedSchema>;

/** A plan is a document: it can be printed, stored, compared and refused. */
export const PlanSchema = Closed({
  placements: Type.Array(PlacementSchema),
  unplaced: Type.Array(UnplacedSchema),
  certificate: Closed({
    placed: Type.Integer({ minimum: 0 }),
    upperBound: Type.Integer({ minimum: 0, description: 'No plan can place more.' }),
    spread: Type.Array(Closed({ businessType: Type.String(), most: Type.Integer(), lowerBound: Type.Integer() })),
  }),
});
export type Plan = Type.Static<typeof PlanSchema>;
