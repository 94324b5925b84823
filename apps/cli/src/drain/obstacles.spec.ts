import { describe, expect, it } from '@jest/globals';
import { fleet, gateway, pool } from '../testing/objects.js';
import { obstacles } from './obstacles.js';

const order = ['gw-1', 'gw-2'];
const pools = [
  pool('default', [
    { holder: 'gw-1', order },
    { holder: 'gw-2', order },
  ]),
];

describe('a drain', () => {
  it('is fine while another gateway is ready', () => {
    expect(obstacles('gw-1', fleet({ 'gw-1': 'Ready', 'gw-2': 'Ready' }, pools))).toEqual([]);
  });

  it('of the last gateway is not', () => {
    expect(obstacles('gw-1', fleet({ 'gw-1': 'Ready' }, pools))).toEqual([
      'nobody else could take 1 slot of EgressPool default (there is no other gateway); they would stay on gw-1',
    ]);
  });

  it.each(['Lost', 'NotReady', 'Draining'] as const)('has no use of one that is %s', (state) => {
    const [line] = obstacles('gw-1', fleet({ 'gw-1': 'Ready', 'gw-2': state }, pools));
    expect(line).toContain(`gw-2 is ${state}`);
  });

  it('has no use of one that another admin drains, or that the pool does not select', () => {
    const gateways = [gateway('gw-1'), gateway('gw-2', 'Ready', { draining: true }), gateway('gw-3')];
    expect(obstacles('gw-1', { gateways, pools })[0]).toContain('gw-2 is Draining');
  });

  it('of a gateway without slots is always fine', () => {
    expect(obstacles('gw-9', fleet({ 'gw-9': 'Ready' }, pools))).toEqual([]);
  });
});
