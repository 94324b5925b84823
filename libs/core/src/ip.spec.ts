import { isIPv6 } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  canonicalIp,
  cidrContains,
  cidrRange,
  formatCidr,
  formatIp,
  parseCidr,
  parseIp,
  rangesOverlap,
  type Cidr,
  type IpAddress,
} from './ip.js';
import { ConfigError } from './errors.js';

const address: fc.Arbitrary<IpAddress> = fc.oneof(
  fc.bigInt(0n, (1n << 32n) - 1n).map((value) => ({ family: 4 as const, value })),
  fc.bigInt(0n, (1n << 128n) - 1n).map((value) => ({ family: 6 as const, value })),
);

describe('addresses', () => {
  it.each([
    ['198.18.0.100', '198.18.0.100'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:0:2:2:0:0:3', '1::2:2:0:0:3'],
    ['::', '::'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['fe80::', 'fe80::'],
  ])('writes %s as %s (RFC 5952)', (text, canonical) => {
    expect(canonicalIp(text)).toBe(canonical);
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(address, (ip) => {
        const text = formatIp(ip);
        expect(parseIp(text)).toEqual(ip);
        expect(ip.family === 6).toBe(isIPv6(text));
      }),
    );
  });

  it.each([
    '',
    '198.18.0',
    '198.18.0.256',
    '1.2.3.4/24',
    'fe80::1%eth0',
    '2001:db8::g',
    ' 1.2.3.4',
    '1::2::3',
  ])('refuses "%s" and shows it', (text) => {
    expect(() => parseIp(text)).toThrow(`"${text}" is not an IPv4 or IPv6 address`);
  });
});

describe('CIDRs', () => {
  it.each([
    ['198.18.0.100/24', '198.18.0.0/24'],
    ['198.18.0.100', '198.18.0.100/32'],
    ['2001:db8:18::1/64', '2001:db8:18::/64'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::/0', '::/0'],
  ])('clears the host bits of %s', (text, canonical) => {
    expect(formatCidr(parseCidr(text))).toBe(canonical);
  });

  it.each([
    '198.18.0.0/33',
    '2001:db8::/129',
    '198.18.0.0/',
    '198.18.0.0/-1',
    '198.18.0.0/24/24',
    '198.18.0.0/a',
  ])('refuses "%s"', (text) => {
    expect(() => parseCidr(text)).toThrow(ConfigError);
  });

  it('contains exactly the addresses of its range', () => {
    const cidr: fc.Arbitrary<Cidr> = fc
      .tuple(address, fc.integer({ min: 0, max: 32 }))
      .map(([ip, length]) => parseCidr(`${formatIp(ip)}/${length}`));
    fc.assert(
      fc.property(cidr, address, (block, ip) => {
        const { first, last } = cidrRange(block);
        const inside = ip.family === block.family && ip.value >= first && ip.value <= last;
        expect(cidrContains(block, ip)).toBe(inside);
        expect(rangesOverlap(cidrRange(block), { family: ip.family, first: ip.value, last: ip.value })).toBe(
          inside,
        );
      }),
    );
  });
});
