import { describe, expect, test } from '@jest/globals';
import { type EgressGateway, type Node } from '@sluice/kube';
import { takesNewClients } from './fleet.js';

const node = (spec: Node['spec'] = {}, metadata: Partial<Node['metadata']> = {}): Node => ({
  metadata: { name: 'gw', ...metadata },
  spec,
});
const gateway = (draining: boolean): EgressGateway => ({
  metadata: { name: 'gw' },
  spec: { nodeName: 'gw', uplinkInterface: 'eth1', capacity: 1, draining },
});
const taint = (key: string) => ({ taints: [{ key, effect: 'NoSchedule' }] });

describe('load balancers in front send new clients to a gateway', () => {
  test.each([
    ['that does its work', node(), false, true],
    ['with taints of its own', node(taint('sluice.dev/gateway')), false, true],
    ['but not while it drains', node(), true, false],
    ['nor while its Node is cordoned', node({ unschedulable: true }), false, false],
    ['nor while its Node is deleted', node({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), false, false],
    ['nor shortly before that', node(taint('ToBeDeletedByClusterAutoscaler')), false, false],
  ])('%s', (_, own, draining, expected) => {
    expect(takesNewClients({ nodes: [own], gateways: [gateway(draining)] }, 'gw')).toBe(expected);
  });

  test('nor to one that is not there', () => {
    expect(takesNewClients({ nodes: [], gateways: [] }, 'gw')).toBe(false);
  });
});
