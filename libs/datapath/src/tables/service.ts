import { parseCidr } from '@sluice/core';
import { type Action } from '@sluice/ovs';
import { serviceShards } from '../pipeline/service-shards.js';
import { macs, ofports } from '../layout/ids.js';
import {
  objectId,
  origin,
  otherHolder,
  peerNode,
  sendId,
  sendKind,
  shared,
  tunnelKind,
} from '../layout/registers.js';
import { forgetPort, goto, group, load, move, output, setMac } from '../pipeline/actions.js';
import {
  families,
  fromSubnet,
  has,
  ip,
  type Match,
  protocol,
  tcp,
  tcpFlags,
  toAddress,
  toPort,
  withoutProtocol,
  withoutType,
} from '../pipeline/matches.js';
import { type ServiceScope } from '../pipeline/scope.js';
import { type Row, defineTable, row } from '../pipeline/table.js';

/** Nothing but the connection matters to the one who is asked. */
const ask: readonly Action[] = [
  move(otherHolder, peerNode),
  load(sendId, 0),
  load(sendKind, tunnelKind.values.ask),
  goto('to-node'),
];

const uplink = has(origin, origin.values.uplink);
const hasOther = has(shared, shared.values.yes);

/**
 * What this gateway does not know, of a slot that it took over, may be a connection of the gateway that had it before:
 * that one is asked, by the packet itself. Only a SYN is surely new.
 */
const handOver: readonly Row[] = families.flatMap((family) => [
  row(300, [uplink, hasOther, ip(family), ...tcpFlags(0, tcp.syn)], ...ask),
  row(300, [uplink, hasOther, ip(family), ...tcpFlags(tcp.syn | tcp.ack, tcp.syn | tcp.ack)], ...ask),
  row(300, [uplink, hasOther, ip(family), protocol('udp')], ...ask),
  row(300, [uplink, hasOther, ip(family), protocol(family === 4 ? 'icmp' : 'icmpv6')], ...ask),
]);

/** An ask that finds nothing goes back, and is never asked again. */
const bounce: Row = row(
  290,
  [has(origin, origin.values.ask)],
  load(sendId, 0),
  load(sendKind, tunnelKind.values.askUnknown),
  forgetPort,
  goto('to-node'),
);

const toReject: readonly Action[] = [
  setMac('eth_src', macs.resolver),
  setMac('eth_dst', macs.host),
  output(ofports.slowPort),
];

/** Where clients find it: its own addresses, and its node port on those of the gateway. */
const places = ({ service: { addresses, nodePort }, hostAddresses }: ServiceScope) => [
  ...addresses,
  ...(nodePort === undefined ? [] : hostAddresses.map((address) => ({ address, port: nodePort }))),
];

interface Way {
  readonly priority: number;
  readonly match: Match;
  readonly actions: readonly Action[];
}

const reject: Way = { priority: 200, match: [], actions: toReject };
/** A SYN. What else is not known may be a connection of a gateway that was here before. */
const rejectNew: Way = {
  priority: 210,
  match: withoutProtocol(tcpFlags(tcp.syn, tcp.syn | tcp.ack)),
  actions: toReject,
};

function waysOf({ service: of }: ServiceScope): readonly Way[] {
  const shards = serviceShards(of);
  const refuses = of.refuses === true;
  if (shards.length === 0 || (refuses && of.protocol !== 'TCP')) return [reject];
  const toEndpoints = shards.map(({ match, group: { id } }): Way => {
    return { priority: 200, match, actions: [load(objectId, of.serviceId), group(id)] };
  });
  return refuses ? [rejectNew, ...toEndpoints] : toEndpoints;
}

/** Clients that may not connect find nothing; without endpoints, and at its cap, the others are refused. */
const services = (scope: ServiceScope): readonly Row[] => {
  const { protocol: transport, sources } = scope.service;
  const clients = sources?.map((cidr) => withoutType(fromSubnet(parseCidr(cidr)))) ?? [[]];
  const ways = waysOf(scope);
  return places(scope).flatMap(({ address, port }) =>
    clients.flatMap((client) =>
      ways.map(({ priority, match, actions }) =>
        row(priority, [...toAddress(address), ...toPort(transport, port), ...client, ...match], ...actions),
      ),
    ),
  );
};

export const service = defineTable({
  name: 'service',
  stage: 'gateway',
  roles: ['gateway'],
  summary:
    'Packets from outside that no connection here knows: of a slot with another holder they are asked about there; new ones to a service get an endpoint, or are refused when it has none or is at its cap.',
  matches: [
    'reg0',
    'reg5',
    'eth_type',
    'ip_proto',
    'tcp_flags',
    'ip_src',
    'ip_dst',
    'ipv6_src',
    'ipv6_dst',
    'tcp_src',
    'tcp_dst',
    'udp_src',
    'udp_dst',
    'sctp_src',
    'sctp_dst',
  ],
  sets: ['reg1', 'reg2', 'reg6', 'in_port', 'eth_src', 'eth_dst'],
  next: ['to-node'],
  groups: ['service'],
  outputs: ['slow port'],
  miss: 'drop',
  rows: {
    node: ({ gateway }) => (gateway ? [...handOver, bounce] : []),
    service: services,
  },
});
