/** EgressAddress: one allocation, written by Sluice only. Named by its first address, with dashes. */
import { z } from 'zod';
import { type KubeResource, type Wire } from '../object.js';
import { conditionList } from './condition.js';
import { ageColumn, conditionPath, type CrdDefinition } from './definition.js';
import { canonicalIpText, cel, immutable, labelSelector, nameText, timeText } from './fields.js';

/** How many Services may be reached by one address beside its claim, and how many selectors of Pods may leave with it. */
export const addressLimits = { sharers: 256, podSelectors: 32 } as const;

const uidText = z.string().min(1).max(128);

const claimSchema = z.object({
  kind: z
    .string()
    .max(63)
    .regex(/^[A-Z][A-Za-z0-9]*$/)
    .describe('Kind of the owner, such as Namespace.'),
  namespace: nameText.optional().describe('Namespace of the owner, if it is in one.'),
  name: nameText.describe('Name of the owner.'),
  uid: uidText.describe('UID of the owner: a new object of the same name has no claim.'),
});

const specSchema = z.object({
  id: z
    .int()
    .min(1)
    .max(65535)
    .meta(cel(immutable('id')))
    .describe('The egress id in the datapath. Not used again for an hour after the object is gone.'),
  pool: nameText.meta(cel(immutable('pool'))).describe('The EgressPool that the addresses come from.'),
  addresses: z
    .array(canonicalIpText)
    .min(1)
    .max(2)
    .meta(
      cel(
        {
          rule: 'size(self) < 2 || !isIP(self[0]) || !isIP(self[1]) || ip(self[0]).family() != ip(self[1]).family()',
          message: 'two addresses must be one IPv4 and one IPv6 address',
        },
        immutable('addresses'),
      ),
    )
    .describe('One address, or a pair of an IPv4 and an IPv6 address that moves together.'),
  slot: z
    .int()
    .min(0)
    .max(1023)
    .meta(cel(immutable('slot')))
    .describe('The slot of the pool to which the address belongs for life.'),
  claim: claimSchema.describe('Who uses the address.'),
  sharedWith: z
    .array(z.object({ name: nameText, uid: uidText }))
    .max(addressLimits.sharers)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe("Further Services of the claim's namespace that clients reach by the address."),
  pods: z
    .array(labelSelector)
    .max(addressLimits.podSelectors)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe(
      "Pods of the claim's namespace that leave with the address: those of Services that ask for it.",
    ),
});

const statusSchema = z.object({
  holder: nameText.optional().describe('The EgressGateway that carries the address now.'),
  since: timeText.optional().describe('Since when `holder` carries it.'),
  observedGeneration: z.int().min(0).optional(),
  conditions: conditionList.optional(),
});

export type EgressClaim = Wire<z.infer<typeof claimSchema>>;
export type EgressAddressSpec = Wire<z.infer<typeof specSchema>>;
export type EgressAddressStatus = Wire<z.infer<typeof statusSchema>>;
export type EgressAddress = KubeResource<EgressAddressSpec, EgressAddressStatus>;
export type EgressAddressCondition = 'Held' | 'Announced';

/** The reason or message of the first condition that is not True: why the address does not work. */
const whyNot = (field: string): string => `.status.conditions[?(@.status!="True")].${field}`;

export const egressAddressCrd: CrdDefinition = {
  kind: 'EgressAddress',
  plural: 'egressaddresses',
  singular: 'egressaddress',
  shortName: 'eaddr',
  description: 'One allocated egress address, or a pair of both families. Written by Sluice only.',
  spec: specSchema,
  status: statusSchema,
  columns: [
    { name: 'Addresses', type: 'string', jsonPath: '.spec.addresses', description: 'What the outside sees.' },
    { name: 'Claim', type: 'string', jsonPath: '.spec.claim.name', description: 'Who uses it.' },
    { name: 'Gateway', type: 'string', jsonPath: '.status.holder', description: 'Who carries it.' },
    {
      name: 'Held',
      type: 'string',
      jsonPath: conditionPath('Held', 'status'),
      description: 'A gateway carries it.',
    },
    {
      name: 'Announced',
      type: 'string',
      jsonPath: conditionPath('Announced', 'status'),
      description: 'The uplink knows it.',
    },
    {
      name: 'Since',
      type: 'date',
      jsonPath: '.status.since',
      description: 'Since when the gateway carries it.',
    },
    { name: 'Reason', type: 'string', jsonPath: whyNot('reason'), description: 'Why it does not work.' },
    { name: 'Pool', type: 'string', jsonPath: '.spec.pool', description: 'Where it comes from.', wide: true },
    {
      name: 'Id',
      type: 'integer',
      jsonPath: '.spec.id',
      description: 'Egress id in the datapath.',
      wide: true,
    },
    { name: 'Slot', type: 'integer', jsonPath: '.spec.slot', description: 'Slot of the pool.', wide: true },
    {
      name: 'Message',
      type: 'string',
      jsonPath: whyNot('message'),
      description: 'Why, in words.',
      wide: true,
    },
    ageColumn,
  ],
  conditions: {
    Held: 'A ready gateway carries the address.',
    Announced: 'The gateway answers for the address on the uplink.',
  } satisfies Record<EgressAddressCondition, string>,
  example: `apiVersion: sluice.dev/v1alpha1
kind: EgressAddress
metadata:
  name: 198-18-0-100
spec:
  id: 17
  pool: default
  addresses: [198.18.0.100, "2001:db8:18::100"]
  slot: 5
  claim: { kind: Namespace, name: team-a, uid: 6f1c6b2e-7c0e-4bbd-9d7e-0a3f3a8f1f52 }
`,
};
