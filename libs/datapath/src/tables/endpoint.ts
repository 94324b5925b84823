import {
  endpointId,
  lastHop,
  markNode,
  markObject,
  objectId,
  peerNode,
  sendId,
  sendKind,
  tunnelKind,
} from '../layout/registers.js';
import { commit, goto, load, move, part, whole } from '../pipeline/actions.js';
import { has, ip, protocol } from '../pipeline/matches.js';
import { type ServiceScope } from '../pipeline/scope.js';
import { type Row, defineTable, row } from '../pipeline/table.js';

const remember = [move(objectId, markObject), move(whole('eth_src'), part(lastHop))];
const toItsPod = [move(objectId, sendId), load(sendKind, tunnelKind.values.toPod), goto('to-node')];

/**
 * The connection remembers its node, its service and the MAC that the client's packets come from: answers leave by the
 * router that the request took. No recirculation: nothing is left to be matched.
 */
const rows = ({ service, zone }: ServiceScope): readonly Row[] => {
  const { serviceId, family, endpoints } = service;
  const own = has(objectId, serviceId);
  const transport = [ip(family), protocol(service.protocol)];
  return endpoints.map(({ id, address, port, nodeId }) =>
    row(
      100,
      [...transport, own, has(endpointId, id)],
      commit({
        zone,
        nat: { type: 'nat', direction: 'dst', address: { first: address }, port: { first: port } },
        exec: [load(markNode, nodeId), ...remember],
      }),
      load(peerNode, nodeId),
      ...toItsPod,
    ),
  );
};

export const endpoint = defineTable({
  name: 'endpoint',
  stage: 'gateway',
  roles: ['gateway'],
  summary:
    'Gives a new connection to a service its endpoint, and remembers node, service and the MAC of the client or its router.',
  matches: ['reg1', 'reg4', 'eth_type', 'ip_proto'],
  sets: ['reg2', 'reg6', 'ct_mark', 'ct_label'],
  next: ['to-node'],
  miss: 'drop',
  rows: { service: rows },
});
