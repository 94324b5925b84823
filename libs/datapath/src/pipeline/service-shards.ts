/**
 * Groups of a service: which endpoint a new connection gets. Rendezvous hashing over bucket ids, which are the ids of the
 * endpoints, so that every gateway chooses the same one, and an endpoint that goes moves only its own share.
 *
 * A hashed bit is part of every megaflow: the hash sees enough bits for an even spread and no more. Bit 0 of ports stays
 * out, for clients use one parity.
 */
import { type ServiceEndpoint, type ServicePort } from '@sluice/model';
import { type Bucket, type FieldName, type Group, type MatchField } from '@sluice/ovs';
import { groupIds } from '../layout/ids.js';
import { endpointId } from '../layout/registers.js';
import { goto, load } from './actions.js';
import { bucketWeights, plainWeight } from './bucket-weights.js';
import { ones, portFields } from './matches.js';

/** One shard of a service: what its connections have in common, and the group that has its endpoints. */
export interface ServiceShard {
  readonly match: readonly MatchField[];
  readonly group: Group;
}

/** A group's description must fit a multipart reply, 64 KiB: about 1,200 buckets (measured). */
const mostBuckets = 900;
/** Shards take one byte of the group id. */
const mostShards = 128;
/**
 * Hash values of the port for the endpoint with the smallest share. With the 16 of the address an endpoint has a thousand, of
 * which it gets more or less by chance: 3 % is the standard deviation, 8 % what the busiest of 200 has above the mean. Each
 * doubling of the values takes a third off, and lets half as many connections share a megaflow.
 */
const valuesOfLeast = 64;
const addressBits = 4;
const leastPortBits = 4;
/** Of it, bit 0 is not used, nor are those that the shards have. */
const portWidth = 16;

const bitsFor = (count: number): number => Math.ceil(Math.log2(Math.max(1, count)));

const sourceOf = ({ family }: ServicePort): FieldName => (family === 4 ? 'ip_src' : 'ipv6_src');

/** A power of two. */
function shardCount(endpoints: readonly ServiceEndpoint[]): number {
  let count = 1;
  while (count < mostShards && endpoints.length / count > mostBuckets) count *= 2;
  return count;
}

/** How many values the hash needs. */
function valuesFor(shares: readonly number[]): number {
  // One alone gets everybody.
  if (shares.length === 1) return 1;
  const least = Math.min(...shares);
  return (shares.reduce((sum, share) => sum + share, 0) / least) * valuesOfLeast;
}

function hashFields(
  service: ServicePort,
  shardBits: number,
  shares: readonly number[],
): NonNullable<Group['selection']> {
  if (service.affinitySeconds !== undefined)
    return { method: 'hash', fields: [{ field: sourceOf(service) }] };
  const room = portWidth - 1 - shardBits;
  const portBits = Math.min(room, Math.max(leastPortBits, bitsFor(valuesFor(shares))));
  // The lowest bits that are free: a client's ports come one after the other.
  const from = BigInt(1 + shardBits);
  return {
    method: 'hash',
    fields: [
      { field: sourceOf(service), mask: ones(addressBits) },
      { field: portFields[service.protocol].source, mask: ones(portBits) << from },
    ],
  };
}

const toEndpoint = goto('endpoint');

const bucket = ({ id }: ServiceEndpoint, weight: number): Bucket => ({
  id,
  weight,
  actions: [load(endpointId, id), toEndpoint],
});

function buckets(endpoints: readonly ServiceEndpoint[], shares: readonly number[]): readonly Bucket[] {
  const weights = bucketWeights(shares);
  return endpoints.map((endpoint, at) => bucket(endpoint, weights[at] ?? plainWeight));
}

/** Shards are told apart by bits that their hash does not use: of the client's port, with affinity of its address. */
function shardMatch(service: ServicePort, shard: number, shardBits: number): readonly MatchField[] {
  if (shardBits === 0) return [];
  const affine = service.affinitySeconds !== undefined;
  const shift = affine ? 0n : 1n;
  return [
    {
      field: affine ? sourceOf(service) : portFields[service.protocol].source,
      value: BigInt(shard) << shift,
      mask: ones(shardBits) << shift,
    },
  ];
}

/** Empty without endpoints. The endpoints of a shard are those whose id ends in its number. */
export function serviceShards(service: ServicePort): readonly ServiceShard[] {
  const { endpoints, serviceId, family } = service;
  if (endpoints.length === 0) return [];
  const count = shardCount(endpoints);
  const shardBits = bitsFor(count);
  const members = Map.groupBy(endpoints, ({ id }) => id % count);
  return Array.from({ length: count }, (_, shard) => {
    // Of so many endpoints hardly ever none; then they all serve it.
    const own = members.get(shard) ?? endpoints.slice(0, mostBuckets);
    const shares = own.map(({ weight = 1 }) => weight);
    return {
      match: shardMatch(service, shard, shardBits),
      group: {
        id: groupIds.service(serviceId, family, shard),
        type: 'select' as const,
        selection: hashFields(service, shardBits, shares),
        buckets: buckets(own, shares),
      },
    };
  });
}
