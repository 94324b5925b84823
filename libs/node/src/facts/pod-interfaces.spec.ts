import { expect, test } from '@jest/globals';
import { PodInterfaces } from './pod-interfaces.js';

const interfaces = new PodInterfaces([
  { kind: 'unicast', destination: '0.0.0.0/0', dev: 'eth0', via: '10.0.0.1' },
  { kind: 'unicast', destination: '10.244.1.0/24', dev: 'cni0' },
  { kind: 'unicast', destination: '10.244.1.5/32', dev: 'veth1' },
  { kind: 'unicast', destination: '10.244.2.0/24', dev: 'eth0', via: '10.0.0.2' },
  { kind: 'unicast', destination: 'fd00:244:0:1::5/128', dev: 'veth1' },
  { kind: 'blackhole', destination: '10.244.1.9/32' },
]);

test.each([
  ['10.244.1.5', 'veth1'],
  ['10.244.1.6', 'cni0'],
  ['fd00:244:0:1::5', 'veth1'],
  ['10.244.2.7', undefined],
  ['fd00:244:0:1::6', undefined],
])('%s is behind %s', (address, dev) => {
  expect(interfaces.of(address)).toBe(dev);
});

test('map has only what is known', () => {
  expect([...interfaces.map(['10.244.1.5', '10.244.2.7'])]).toEqual([['10.244.1.5', 'veth1']]);
});
