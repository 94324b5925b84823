/** EgressPool: addresses that gateways may hold, and how they leave the gateways. */
import { z } from 'zod';
import { type KubeResource, type Wire } from '../object.js';
import { conditionList } from './condition.js';
import { ageColumn, conditionPath, type CrdDefinition } from './definition.js';
import { cel, cidrText, count, immutable, ipOrCidrText, ipText, labelSelector, nameText } from './fields.js';

const rangeSchema = z
  .object({
    cidr: cidrText
      .optional()
      .describe('A block of addresses. All of them are given out, also the first and the last.'),
    except: z
      .array(ipOrCidrText)
      .max(64)
      .optional()
      .describe('Addresses or blocks inside `cidr` that are never given out.'),
    start: ipText.optional().describe('First address of a range, together with `end`.'),
    end: ipText.optional().describe('Last address of the range; it belongs to it.'),
  })
  .meta(
    cel(
      {
        rule: 'has(self.cidr) != (has(self.start) || has(self.end))',
        message: 'give either cidr, or start and end',
      },
      { rule: 'has(self.start) == has(self.end)', message: 'start and end belong together' },
      { rule: '!has(self.except) || has(self.cidr)', message: 'except needs cidr' },
      {
        rule: '!has(self.start) || !has(self.end) || !isIP(self.start) || !isIP(self.end) || ip(self.start).family() == ip(self.end).family()',
        message: 'start and end must be of one family',
      },
      {
        rule: '!has(self.except) || !has(self.cidr) || !isCIDR(self.cidr) || self.except.all(e, isIP(e) ? cidr(self.cidr).containsIP(e) : !isCIDR(e) || cidr(self.cidr).containsCIDR(e))',
        message: 'except must lie inside cidr',
      },
    ),
  );

const ofFamily = (family: 4 | 6): string =>
  `self.nextHops.filter(h, isIP(h) && ip(h).family() == ${family}).size() <= 1`;

const uplinkSchema = z
  .object({
    nextHops: z
      .array(ipText)
      .max(2)
      .describe('The routers to which packets from these addresses leave, at most one of each family.'),
    prefixLengths: z
      .array(z.int().min(1).max(128))
      .min(2)
      .max(2)
      .meta(cel({ rule: 'self[0] <= 32', message: 'the first prefix length is that of IPv4, at most 32' }))
      .optional()
      .describe(
        'Prefix lengths of the uplink network, IPv4 then IPv6: destinations inside are reached without next hop.',
      ),
  })
  .meta(
    cel(
      { rule: ofFamily(4), message: 'nextHops may have one IPv4 address at most' },
      { rule: ofFamily(6), message: 'nextHops may have one IPv6 address at most' },
    ),
  );

const specSchema = z.object({
  ranges: z.array(rangeSchema).min(1).max(64).describe('The addresses of the pool. Gaps are fine.'),
  uplink: uplinkSchema.describe('How packets from these addresses leave a gateway.'),
  gateways: labelSelector
    .optional()
    .describe('Which EgressGateways may hold addresses of the pool. Without it: all of them.'),
  slots: z
    .int()
    .min(1)
    .max(1024)
    .meta(
      cel(
        {
          rule: 'self in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]',
          message: 'slots must be a power of two from 1 to 1024',
        },
        immutable('slots'),
      ),
    )
    .default(64)
    .describe(
      'In how many parts the addresses are spread over gateways; a part moves as a whole. A power of two.',
    ),
  dualStack: z
    .enum(['Paired', 'Single'])
    .meta(cel(immutable('dualStack')))
    .default('Paired')
    .describe(
      'Paired: an allocation is an IPv4 and an IPv6 address that move together. Single: one address.',
    ),
  allowedNamespaces: labelSelector
    .optional()
    .describe(
      'Which namespaces may take addresses, for themselves and for their Services. Without it: all. What was given stays.',
    ),
  quota: z
    .object({
      addressesPerNamespace: z
        .int()
        .min(1)
        .max(65535)
        .optional()
        .describe('Allocations that one namespace may have; a pair counts once. Without it: no limit.'),
    })
    .optional()
    .describe('What one namespace may take. What was given stays when it is lowered.'),
});

const slotSchema = z.object({
  slot: z.int().min(0).max(1023),
  holder: nameText.optional().describe('The EgressGateway that holds the slot.'),
  epoch: z.int().min(0).describe('Grows with every change of the holder.'),
  previous: nameText
    .optional()
    .describe('The EgressGateway that still serves connections of before the last planned move.'),
  order: z.array(nameText).max(64).describe('Gateways in the order in which they take over.'),
});

const statusSchema = z.object({
  id: z.int().min(1).max(63).optional().describe('The number of the pool in the datapath.'),
  capacity: count.optional().describe('How many allocations the pool can give (at most 2^53 - 1 is shown).'),
  allocated: count.optional().describe('How many it has given.'),
  free: count.optional().describe('How many it can still give.'),
  slots: z
    .array(slotSchema)
    .max(1024)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Who holds which slot.'),
  observedGeneration: z.int().min(0).optional(),
  conditions: conditionList.optional(),
});

export type LabelSelector = Wire<z.infer<typeof labelSelector>>;
export type EgressPoolRange = Wire<z.infer<typeof rangeSchema>>;
export type EgressPoolSpec = Wire<z.infer<typeof specSchema>>;
export type EgressPoolStatus = Wire<z.infer<typeof statusSchema>>;
export type EgressPoolSlot = Wire<z.infer<typeof slotSchema>>;
export type EgressPool = KubeResource<EgressPoolSpec, EgressPoolStatus>;
export type EgressPoolCondition = 'Ready' | 'Exhausted' | 'Degraded';

export const egressPoolCrd: CrdDefinition = {
  kind: 'EgressPool',
  plural: 'egresspools',
  singular: 'egresspool',
  shortName: 'epool',
  description: 'Addresses that gateways may hold, and how packets from them leave the gateways.',
  spec: specSchema,
  status: statusSchema,
  columns: [
    {
      name: 'Capacity',
      type: 'integer',
      jsonPath: '.status.capacity',
      description: 'Allocations it can give.',
    },
    {
      name: 'Free',
      type: 'integer',
      jsonPath: '.status.free',
      description: 'Allocations it can still give.',
    },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: conditionPath('Ready', 'status'),
      description: 'Gives out addresses.',
    },
    {
      name: 'Degraded',
      type: 'string',
      jsonPath: conditionPath('Degraded', 'status'),
      description: 'Slots lack gateways.',
    },
    {
      name: 'Since',
      type: 'date',
      jsonPath: conditionPath('Ready', 'lastTransitionTime'),
      description: 'Since when Ready is so.',
    },
    {
      name: 'Reason',
      type: 'string',
      jsonPath: conditionPath('Ready', 'reason'),
      description: 'Why Ready is so.',
    },
    {
      name: 'Id',
      type: 'integer',
      jsonPath: '.status.id',
      description: 'Number in the datapath.',
      wide: true,
    },
    { name: 'Slots', type: 'integer', jsonPath: '.spec.slots', description: 'Number of slots.', wide: true },
    {
      name: 'Message',
      type: 'string',
      jsonPath: conditionPath('Ready', 'message'),
      description: 'Ready in words.',
      wide: true,
    },
    ageColumn,
  ],
  conditions: {
    Ready: 'The pool is well-formed, has an id and a ready gateway: addresses are given out.',
    Exhausted: 'Every address is allocated.',
    Degraded: 'Some slots have no gateway, or nobody could take over.',
  } satisfies Record<EgressPoolCondition, string>,
  example: `apiVersion: sluice.dev/v1alpha1
kind: EgressPool
metadata:
  name: default
spec:
  ranges:
    - { cidr: 198.18.0.96/27, except: [198.18.0.97] }
    - { start: "2001:db8:18::100", end: "2001:db8:18::1ff" }
  uplink:
    nextHops: [198.18.0.1, "2001:db8:18::1"]
    prefixLengths: [24, 64]
  gateways:
    matchLabels: { sluice.dev/zone: a }
`,
};
