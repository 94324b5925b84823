import { parseCidr, parseIp } from '@sluice/core';
import { nextHop4, nextHop6 } from '../layout/registers.js';
import { goto, load, move, whole } from '../pipeline/actions.js';
import { fromSubnet, toSubnet } from '../pipeline/matches.js';
import { defineTable, row } from '../pipeline/table.js';

const resolve = [goto('neighbour'), goto('resolved')] as const;

export const nextHop = defineTable({
  name: 'next-hop',
  stage: 'route',
  roles: ['gateway'],
  summary:
    "By the pool of the source: a destination in the network of the pool's router directly, the rest by the router.",
  matches: ['eth_type', 'ip_src', 'ip_dst', 'ipv6_src', 'ipv6_dst'],
  sets: ['reg11', 'xxreg2'],
  next: ['neighbour', 'resolved'],
  miss: 'drop',
  rows: {
    pool: ({ sources, subnet, nextHop: router }) => {
      const cidr = parseCidr(subnet);
      const v4 = cidr.family === 4;
      const register = v4 ? nextHop4 : nextHop6;
      const destination = v4 ? whole('ip_dst') : whole('ipv6_dst');
      const inside = toSubnet(cidr).filter(({ field }) => field !== 'eth_type');
      return sources
        .map(parseCidr)
        .flatMap((source) => [
          row(100, [...fromSubnet(source), ...inside], move(destination, register), ...resolve),
          row(50, fromSubnet(source), load(register, parseIp(router).value), ...resolve),
        ]);
    },
  },
});
