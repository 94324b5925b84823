import { type Action } from '@sluice/ovs';
import { fallback, objectId, origin, replay, tunnelKind, tunnelObject } from '../layout/registers.js';
import { goto, load, move } from '../pipeline/actions.js';
import { has } from '../pipeline/matches.js';
import { type TableName } from '../pipeline/table-ids.js';
import { type Row, defineTable, row } from '../pipeline/table.js';

const { values: kinds } = tunnelKind;
const { values: origins } = origin;

interface Taken {
  readonly kind: keyof typeof kinds;
  readonly from: keyof typeof origins;
  readonly next: TableName;
  readonly also?: readonly Action[];
}

const accept = ({ kind, from, next, also = [] }: Taken): Row =>
  row(
    100,
    [has(tunnelKind, kinds[kind])],
    move(tunnelObject, objectId),
    load(origin, origins[from]),
    ...also,
    goto(next),
  );

/**
 * Asks of another gateway about a connection, and its answer that it does not know it, go on as packets from outside
 * would, but for their origin. Replays rebuild a connection and are dropped behind it (route).
 */
const ofGateway: readonly Taken[] = [
  { kind: 'egress', from: 'podEgress', next: 'egress' },
  {
    kind: 'egressFallback',
    from: 'podEgress',
    next: 'egress',
    also: [load(fallback, fallback.values.yes)],
  },
  { kind: 'serviceReply', from: 'podReply', next: 'egress' },
  { kind: 'ask', from: 'ask', next: 'size-check' },
  { kind: 'askUnknown', from: 'bouncedAsk', next: 'size-check' },
  { kind: 'replayEgress', from: 'podEgress', next: 'egress', also: [load(replay, replay.values.yes)] },
];

export const tunnelIn = defineTable({
  name: 'tunnel-in',
  stage: 'tunnel',
  roles: ['agent', 'gateway'],
  summary: 'Takes kind and object id from the tunnel id. Kinds that the node has no role for are dropped.',
  matches: ['tun_id'],
  sets: ['reg0', 'reg1', 'reg5'],
  next: ['egress', 'size-check', 'to-pod'],
  miss: 'drop',
  rows: {
    node: ({ agent, gateway }) => [
      ...(gateway ? ofGateway.map(accept) : []),
      ...(agent ? [accept({ kind: 'toPod', from: 'toPod', next: 'to-pod' })] : []),
    ],
  },
});
