import { describe, expect, test } from '@jest/globals';
import { collisions, freeBits, marksOfIptables, marksOfNft, marksOfRules } from './mark-use.js';

const mark = { meta: { key: 'mark' } };
const connectionMark = { ct: { key: 'mark' } };

const nft = (table: string, ...expr: readonly unknown[]): string => {
  const rule = { family: 'ip', table, chain: 'c', handle: 7, expr };
  return JSON.stringify({ nftables: [{ metainfo: {} }, { table: { family: 'ip', name: table } }, { rule }] });
};
const bitsOfNft = (...expr: readonly unknown[]): number =>
  marksOfNft(nft('alien', ...expr), [])[0]?.bits ?? 0;

describe('rules of nft name', () => {
  test.each<[string, unknown, number]>([
    [
      'the mask of a comparison',
      { match: { op: '==', left: { '&': [mark, 0x4000] }, right: 0x4000 } },
      0x4000,
    ],
    ['the value that the whole mark is compared with', { match: { op: '==', left: mark, right: 5 } }, 5],
    ['all values of a set', { match: { op: '==', left: mark, right: { set: [1, 0x2000] } } }, 0x2001],
    ['bits that they set', { mangle: { key: mark, value: { '|': [mark, 0x2000] } } }, 0x2000],
    ['bits that they flip', { mangle: { key: mark, value: { '^': [mark, 0x4000] } } }, 0x4000],
    ['bits that they clear', { mangle: { key: mark, value: { '&': [mark, 0xffff_7fff] } } }, 0x8000],
    [
      'bits that they replace',
      { mangle: { key: mark, value: { '^': [{ '&': [mark, 0x0000_ffff] }, 0x1_0000] } } },
      0xffff_0000,
    ],
    ['what they set the whole mark to', { mangle: { key: mark, value: 0x80 } }, 0x80],
    [
      'those of the connection',
      { mangle: { key: connectionMark, value: { '|': [connectionMark, 0x80] } } },
      0x80,
    ],
    ['the mask of a verdict map', { vmap: { key: { '&': [mark, 0x3] }, data: '@m' } }, 3],
    ['nothing when they copy a mark', { mangle: { key: mark, value: connectionMark } }, 0],
    ['nothing without a mark', { match: { op: '==', left: { meta: { key: 'l4proto' } }, right: 6 } }, 0],
    ['nothing that nft cannot show', { xt: null }, 0],
  ])('%s', (_, statement, bits) => {
    expect(bitsOfNft(statement)).toBe(bits);
  });

  test('where they stand, except in tables of our own', () => {
    const listing = nft('alien', { mangle: { key: mark, value: 0x2000 } });
    expect(marksOfNft(listing, ['sluice_agent'])).toEqual([
      { bits: 0x2000, where: 'nft rule 7 of chain c in table ip alien' },
    ]);
    expect(marksOfNft(listing, ['alien'])).toEqual([]);
  });
});

describe('ip rules name', () => {
  const rule = { priority: 50, foreign: false } as const;

  test('the mask, or without one the value; rules to our tables do not count', () => {
    const rules = [
      { ...rule, family: 4, table: 200, fwmark: { value: 0x200, mask: 0xf00 } },
      { ...rule, family: 6, table: 201, fwmark: { value: 5, mask: 0xffff_ffff } },
      { ...rule, family: 4, table: 5100, fwmark: { value: 0x2000, mask: 0x3000 } },
      { ...rule, family: 4, table: 254 },
    ] as const;
    expect(marksOfRules(rules, [5100])).toEqual([
      { bits: 0xf00, where: 'ip rule 50' },
      { bits: 5, where: 'ip -6 rule 50' },
    ]);
  });
});

describe('rules of iptables name', () => {
  test.each([
    ['-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000', 0x4000],
    ['-A CNI-HOSTPORT-SETMARK -m comment --comment "x" -j MARK --set-xmark 0x2000/0x2000', 0x2000],
    ['-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE', 0x2000],
    ['-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0', 0x4000],
    ['-A cali-x -j MARK --set-xmark 0x0/0xf0000', 0xf_0000],
    ['-A PREROUTING -m mark --mark 0x1 -j ACCEPT', 1],
    ['-A PREROUTING -i eth0 -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80', 0x80],
    ['-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff', 0],
    [':PREROUTING ACCEPT [0:0]', 0],
  ])('%s', (line, bits) => {
    expect(marksOfIptables('iptables-nft-save', line)).toEqual(
      bits === 0 ? [] : [{ bits, where: `iptables-nft-save: ${line}` }],
    );
  });
});

test('only bits of ours collide, and advice avoids all others', () => {
  const uses = [
    { bits: 0x6000, where: 'a' },
    { bits: 0xffff_0000, where: 'b' },
  ];
  expect(collisions(uses, 0x3000)).toEqual([{ bits: 0x2000, where: 'a' }]);
  expect(freeBits(uses).slice(0, 2)).toEqual([0x1000, 0x40]);
});
