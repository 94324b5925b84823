import { test } from '@jest/globals';
import { planCluster, resolve } from '../index.js';
const created = '2026-01-01T00:00:00Z';
test('speed', () => {
  const N = 5000;
  const ctx: any = { nowMs: Date.UTC(2026,0,1), nowIso: created, resting: [], defaultUplinkInterface: 'e', leaseSeconds: 15 };
  const gwn = (n: string, id: string): any => ({ metadata: { name: n, uid: n, creationTimestamp: created, labels: { 'sluice.dev/gateway': 'true' }, annotations: {'sluice.dev/node-id': id} }, status: {addresses: [{type:'InternalIP', address: '10.0.0.'+id}]} });
  const namespaces: any[] = Array.from({ length: N }, (_, i) => ({ metadata: { name: `n${i}`, uid: `u${i}`, creationTimestamp: created, annotations: { 'sluice.dev/egress': 'pool/default' } } }));
  let world: any = { nodes: [gwn('g1','1'), gwn('g2','2')], namespaces, pods: [], serviceCidrs: [], endpointSlices: [], addresses: [], leases: [], gateways: ['g1','g2'].map((n) => ({ metadata: { name: n, uid: n }, spec: { nodeName: n, uplinkInterface: 'e', capacity: 65535 } })),
    pools: [{ metadata: { name: 'default', uid: 'p', creationTimestamp: created }, spec: { ranges: [{ cidr: '10.0.0.0/8' }, { cidr: '2001:db8::/64' }], uplink: { nextHops: [] }, slots: 64, dualStack: 'Paired' } }] };
  let t = performance.now();
  const plan = planCluster(world, ctx);
  console.log('bulk create', performance.now() - t, plan.addresses.create.length);
  world = { ...world, addresses: plan.addresses.create.map(({ name, spec }) => ({ metadata: { name, uid: name }, spec })), pools: world.pools.map((p: any) => ({ ...p, status: plan.pools[0]?.status })) };
  t = performance.now(); const p2 = planCluster(world, { ...ctx, resting: plan.resting }); console.log('second', performance.now() - t);
  world = { ...world, addresses: world.addresses.map((a: any, i: number) => ({ ...a, status: p2.addresses.status[i]?.status })), namespaces: world.namespaces.map((n: any, i: number) => ({ metadata: { ...n.metadata, annotations: { ...n.metadata.annotations, 'sluice.dev/egress-status': JSON.stringify(p2.namespaces[i]?.status) } } })) };
  t = performance.now(); const p3 = planCluster(world, { ...ctx, resting: p2.resting }); console.log('steady', performance.now() - t, p3.addresses.status.length, p3.namespaces.length);
  world.pods = Array.from({ length: 100 }, (_, i) => ({ metadata: { name: `p${i}`, namespace: `n${i}` }, spec: { nodeName: 'g1' }, status: { phase: 'Running', podIPs: [{ ip: `10.1.0.${i}` }] } }));
  const facts: any = { nodeName: 'g1', roles: { agent: true, gateway: false }, underlayMtu: 1500, underlayFamily: 4, clusterCidrs: [], podInterfaces: new Map(world.pods.map((p: any) => [p.status.podIPs[0].ip, 'v'])) };
  t = performance.now(); resolve(world, facts); console.log('resolve agent', performance.now() - t);
  t = performance.now(); resolve(world, { ...facts, roles: { agent: false, gateway: true }, uplink: { interface: 'e', mac: 'x', addresses: ['1.2.3.4/24'], mtu: 1500 } }); console.log('resolve gateway', performance.now() - t);
});
