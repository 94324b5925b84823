/** EgressGateway: a node that carries egress addresses; made by the controller, named as the node. */
import { z } from 'zod';
import { type KubeResource, type Wire } from '../object.js';
import { conditionList } from './condition.js';
import { ageColumn, conditionPath, type CrdDefinition } from './definition.js';
import { cel, count, immutable, ipText, nameText } from './fields.js';

const specSchema = z.object({
  nodeName: nameText.meta(cel(immutable('nodeName'))).describe('The node.'),
  uplinkInterface: z
    .string()
    .min(1)
    .max(15)
    .regex(/^[^/\s:]+$/)
    .describe('The interface of the node towards the outside.'),
  zone: z
    .string()
    .min(1)
    .max(63)
    .optional()
    .describe(
      'What fails together, such as a rack or an availability zone: slots pass to a gateway of another zone first. Taken from the label topology.kubernetes.io/zone of the node when the object is made.',
    ),
  capacity: z.int().min(1).max(65535).default(4096).describe('How many EgressAddresses it may hold.'),
  draining: z
    .boolean()
    .default(false)
    .describe('Gives its addresses to other gateways; connections that it knows stay until they end.'),
});

const ovsSchema = z.object({
  version: z.string().max(64).describe('Version of Open vSwitch.'),
  datapath: z.string().max(64).describe('Kind of its datapath: system (kernel) or netdev (userspace).'),
});

const statusSchema = z.object({
  state: z
    .enum(['Ready', 'Draining', 'Lost', 'NotReady'])
    .optional()
    .describe(
      'Ready: carries traffic. Draining: gives its slots away. NotReady: runs, but cannot. Lost: has not been heard of.',
    ),
  uplinkMAC: z
    .string()
    .max(17)
    .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/)
    .optional()
    .describe('Hardware address of the uplink.'),
  uplinkAddresses: z.array(ipText).max(16).optional().describe("The node's own addresses on the uplink."),
  tunnelAddress: ipText.optional().describe('Where workers send tunnelled traffic to.'),
  slots: count.optional().describe('How many slots it holds, of all pools.'),
  addresses: count.optional().describe('How many EgressAddresses it holds.'),
  leavingSlots: count
    .optional()
    .describe(
      'How many slots it has handed over and still carries packets of. While it does, leave its Open vSwitch alone.',
    ),
  ovs: ovsSchema.optional(),
  observedGeneration: z.int().min(0).optional(),
  conditions: conditionList.optional(),
});

export type EgressGatewaySpec = Wire<z.infer<typeof specSchema>>;
export type EgressGatewayStatus = Wire<z.infer<typeof statusSchema>>;
export type EgressGatewayState = NonNullable<EgressGatewayStatus['state']>;
export type EgressGateway = KubeResource<EgressGatewaySpec, EgressGatewayStatus>;
export type EgressGatewayCondition = 'Ready' | 'OVSReady' | 'UplinkReady';

export const egressGatewayCrd: CrdDefinition = {
  kind: 'EgressGateway',
  plural: 'egressgateways',
  singular: 'egressgateway',
  shortName: 'egw',
  description:
    'A node that carries egress addresses. Sluice makes one for every node with the label sluice.dev/gateway=true; labels on it serve for selection by pools.',
  spec: specSchema,
  status: statusSchema,
  columns: [
    {
      name: 'State',
      type: 'string',
      jsonPath: '.status.state',
      description: 'Ready, Draining, NotReady or Lost.',
    },
    { name: 'Slots', type: 'integer', jsonPath: '.status.slots', description: 'Slots that it holds.' },
    {
      name: 'Addresses',
      type: 'integer',
      jsonPath: '.status.addresses',
      description: 'Addresses that it holds.',
    },
    {
      name: 'Capacity',
      type: 'integer',
      jsonPath: '.spec.capacity',
      description: 'Addresses that it may hold.',
    },
    {
      name: 'Since',
      type: 'date',
      jsonPath: conditionPath('Ready', 'lastTransitionTime'),
      description: 'Since when the state is so.',
    },
    {
      name: 'Reason',
      type: 'string',
      jsonPath: conditionPath('Ready', 'reason'),
      description: 'Why the state is so.',
    },
    {
      name: 'Zone',
      type: 'string',
      jsonPath: '.spec.zone',
      description: 'What fails together.',
      wide: true,
    },
    {
      name: 'Leaving',
      type: 'integer',
      jsonPath: '.status.leavingSlots',
      description: 'Slots that it has handed over and still carries packets of.',
      wide: true,
    },
    {
      name: 'Uplink',
      type: 'string',
      jsonPath: '.spec.uplinkInterface',
      description: 'Interface to the outside.',
      wide: true,
    },
    {
      name: 'MAC',
      type: 'string',
      jsonPath: '.status.uplinkMAC',
      description: 'Its hardware address.',
      wide: true,
    },
    {
      name: 'Tunnel',
      type: 'string',
      jsonPath: '.status.tunnelAddress',
      description: 'Tunnel end point.',
      wide: true,
    },
    {
      name: 'OVS',
      type: 'string',
      jsonPath: '.status.ovs.version',
      description: 'Version of Open vSwitch.',
      wide: true,
    },
    {
      name: 'Message',
      type: 'string',
      jsonPath: conditionPath('Ready', 'message'),
      description: 'Why, in words.',
      wide: true,
    },
    ageColumn,
  ],
  conditions: {
    Ready: 'The gateway carries traffic.',
    OVSReady: 'Open vSwitch runs and carries the flows.',
    UplinkReady: 'The uplink is up and has an address.',
  } satisfies Record<EgressGatewayCondition, string>,
  example: `apiVersion: sluice.dev/v1alpha1
kind: EgressGateway
metadata:
  name: gw-1
  labels: { sluice.dev/zone: a }
spec:
  nodeName: gw-1
  uplinkInterface: eth1
  zone: a
`,
};
