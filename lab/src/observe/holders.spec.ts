import { describe, expect, it } from '@jest/globals';
import { dualFrames, type Frame, frameIn } from './holders.js';

const addresses = new Set(['198.18.0.114', '2001:db8:18::114']);
const [a, b] = ['02:5c:18:00:00:03', '02:5c:18:00:00:04'];

describe('a frame', () => {
  it.each([
    [
      `1795575600.123456 ${a} > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Reply 198.18.0.114 is-at ${a}, length 28`,
      '198.18.0.114',
      'claim',
    ],
    [
      `1795575600.123456 ${a} > 33:33:00:00:00:01, ethertype IPv6 (0x86dd), length 86: 2001:db8:18::114 > ff02::1: ICMP6, neighbor advertisement, tgt is 2001:db8:18::114, length 32`,
      '2001:db8:18::114',
      'claim',
    ],
    [
      `1795575600.123456 ${a} > 02:5c:18:00:00:01, ethertype IPv4 (0x0800), length 98: 198.18.0.114 > 203.0.113.10: ICMP echo request, id 9, seq 1, length 64`,
      '198.18.0.114',
      'traffic',
    ],
    [
      `1795575600.123456 ${a} > 02:5c:18:00:00:01, ethertype IPv4 (0x0800), length 70: 198.18.0.114.40000 > 203.0.113.10.9000: Flags [P.], seq 1:5, ack 1, win 64, length 4`,
      '198.18.0.114',
      'traffic',
    ],
    [
      `1795575600.123456 ${a} > 02:5c:18:00:00:01, ethertype IPv6 (0x86dd), length 90: 2001:db8:18::114.40000 > 2001:db8:203::10.9001: UDP, length 4`,
      '2001:db8:18::114',
      'traffic',
    ],
  ])('%s', (line, address, kind) => {
    expect(frameIn(line, addresses)).toEqual({ at: 1795575600123.456, mac: a, address, kind });
  });

  it.each([
    `1795575600.1 ${a} > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Request who-has 198.18.0.114 tell 198.18.0.1, length 28`,
    `1795575600.1 ${a} > ${b}, ethertype IPv4 (0x0800), length 98: 198.18.0.1 > 198.18.0.114: ICMP echo reply, id 9, seq 1, length 64`,
    'tcpdump: listening',
  ])('of others says nothing: %s', (line) => {
    expect(frameIn(line, addresses)).toBeUndefined();
  });
});

it.each([
  ['to a gateway is between the two', b, undefined],
  ['to somebody else is a claim', '02:5c:18:00:00:01', 'claim'],
])('an answer %s', (_what, to, kind) => {
  const line = `1795575600.1 ${a} > ${to}, ethertype ARP (0x0806), length 42: Reply 198.18.0.114 is-at ${a}, length 28`;
  expect(frameIn(line, addresses, new Set([a, b]))?.kind).toBe(kind);
});

describe('two holders', () => {
  const frames = (...entries: readonly (readonly [number, string, Frame['kind']?])[]): Frame[] =>
    entries.map(([at, mac, kind = 'traffic']) => ({ at, mac, address: '198.18.0.114', kind }));

  it('are not seen in a takeover', () => {
    expect(dualFrames(frames([0, a], [10, a], [700, b], [710, b]), { planned: false })).toHaveLength(0);
  });

  it('are not seen when a holder comes back later', () => {
    expect(dualFrames(frames([0, a], [700, b], [5000, b], [5700, a]), { planned: false })).toHaveLength(0);
  });

  it('are seen when a former holder goes on', () => {
    expect(
      dualFrames(frames([0, a], [700, b], [710, a], [720, a], [730, b]), { planned: false }),
    ).toHaveLength(3);
  });

  it('are seen when a gateway sends what waited in it, as long as that takes', () => {
    const seen = frames([0, a], [700, b], [3000, b], [3010, a], [3020, a], [3030, b], [9000, b]);
    expect(dualFrames(seen, { planned: false })).toEqual(frames([3010, a], [3020, a]));
  });

  it('may both send in a planned move, but not both claim', () => {
    expect(dualFrames(frames([0, a], [10, b], [20, a], [30, b]), { planned: true })).toHaveLength(0);
    const claims = frames([0, a, 'claim'], [10, b, 'claim'], [20, a, 'claim'], [600, b]);
    expect(dualFrames(claims, { planned: true })).toHaveLength(1);
  });
});
