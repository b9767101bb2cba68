import Type from 'typebox';
import { defineEvent, topics } from '../define.ts';
import { Closed, ClusterIdSchema, InstantSchema, OneOf, VmIdSchema, VmNameSchema } from '../model/words.ts';

export const failureTargets = ['host', 'rack'] as const;
/** A failure that was rehearsed: of a host, or of a whole rack. */
export const RehearsedSchema = Closed({
  kind: OneOf(failureTargets),
  name: Type.String({ minLength: 1, maxLength: 253, description: 'The host or rack.' }),
  vms: Type.Integer({ minimum: 0, description: 'VMs that are there.' }),
  without: Type.Integer({ minimum: 0, description: 'How many of them would find no place.' }),
  names: Type.Array(VmIdSchema, { maxItems: 50, description: 'Those VMs; the first ones where they are many.' }),
  called: Type.Optional(
    Type.Array(VmNameSchema, { maxItems: 50, description: "Those VMs' names, in the same order; '' where nobody knows." }),
  ),
});
export type Rehearsed = Type.Static<typeof RehearsedSchema>;

/** One key for all: whether a failure is survived changes with the whole fleet, and 'restored' must come after 'lost'. */
const common = {
  topic: topics.faults,
  version: 1,
  producedBy: ['scheduler'],
  consumedBy: ['notifier', 'console'],
  key: () => 'redundancy',
} as const;
const data = (targets: string) =>
  Closed({
    targets: Type.Array(RehearsedSchema, { minItems: 1, maxItems: 100, description: targets }),
    more: Type.Integer({ minimum: 0, description: 'Further ones, not listed.' }),
    clusters: Type.Array(ClusterIdSchema, { description: 'The clusters of those listed.' }),
    at: InstantSchema,
  });

export const redundancyLost = defineEvent({
  ...common,
  type: 'lifeboat.redundancy.lost',
  about: 'Before anything fails: if one of these hosts or racks failed, some of its VMs would find no place.',
  data: data('Whose failure would now cost VMs.'),
});

export const redundancyRestored = defineEvent({
  ...common,
  type: 'lifeboat.redundancy.restored',
  about: 'Before anything fails: all VMs of these hosts or racks would find a place again.',
  data: data('Whose failure would cost no VM any more.'),
});
