import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KernelNetwork } from './index.js';
import { TestNamespace } from './testing/namespace.js';

let namespace: TestNamespace;
let network: KernelNetwork;
beforeEach(() => {
  namespace = new TestNamespace();
  for (const name of ['eth0', 'br0', 'eth1']) namespace.addLink(name);
  for (const command of addressing) namespace.ip(command);
  network = new KernelNetwork({ netns: namespace.name });
});
afterEach(() => namespace.remove());

/** Two addresses in one subnet, a source, a metric, a lock, more than one hop, another table, another link. */
const addressing = [
  'address add 10.9.0.2/24 broadcast + dev eth0',
  'address add 10.9.0.3/24 dev eth0',
  'address add 192.0.2.5/32 dev eth0',
  'address add 203.0.113.2/24 dev eth1',
  '-6 address add 2001:db8::2/64 dev eth0 nodad',
  '-6 address add 2001:db8::3/64 dev eth0 nodad',
  'route add default via 10.9.0.1 dev eth0 proto dhcp src 10.9.0.2 metric 100',
  'route add default via 203.0.113.1 dev eth1 metric 200',
  'route add 10.51.0.0/16 via 10.9.0.3 dev eth0 src 192.0.2.5 mtu lock 1300',
  'route add 10.52.0.0/16 dev eth0 scope link',
  'route add 10.53.0.0/16 via 10.60.0.1 dev eth0 onlink table 77',
  'route add 10.50.0.0/16 nexthop via 10.9.0.7 dev eth0 weight 2 nexthop via 203.0.113.7 dev eth1',
  '-6 route add default via 2001:db8::1 dev eth0 metric 100',
  '-6 route add 2001:db8:51::/48 via 2001:db8::7 dev eth0 expires 6000 pref high',
  '-6 route add 2001:db8:52::/48 via fe80::1 dev eth0 table 77 src 2001:db8::2',
  '-6 route add 2001:db8:53::/48 nexthop via 2001:db8::7 dev eth0 nexthop via 2001:db8::8 dev eth0',
];

/** Global addresses and all routes but the kernel's own, of both families. */
const addressingText = (): string =>
  [
    ...namespace.listing('address show scope global').map((line) => line.replace(/^\d+: (\S+)\s+/, '$1 ')),
    ...namespace.listing('route show table all', '-4'),
    ...namespace.listing('route show table all', '-6'),
  ]
    .filter((line) => !/proto kernel|^(?:local|broadcast|multicast|anycast) /.test(line))
    .map((line) =>
      line
        .replaceAll(/ ?(?:expires \S+|secondary)/g, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .toSorted()
    .join('\n');

/** What it shall be: the same words with the other link. */
const onBridge = (text: string): string =>
  text
    .replaceAll(/\beth0\b/g, 'br0')
    .split('\n')
    .toSorted()
    .join('\n');

const connected = (): string[] => namespace.listing('route show proto kernel', '-4');

describe('moveAddressing', () => {
  it('moves all addresses and routes, and back', async () => {
    const before = addressingText();
    await network.moveAddressing('eth0', 'br0');
    expect(addressingText()).toBe(onBridge(before));
    expect(connected().join()).not.toContain('eth0');
    expect(await network.routeTo('10.9.0.77')).toBe('br0');
    await network.moveAddressing('eth0', 'br0');
    expect(addressingText()).toBe(onBridge(before));
    await network.moveAddressing('br0', 'eth0');
    expect(addressingText()).toBe(before);
  });

  it('needs both links, and the new one up', async () => {
    const before = addressingText();
    const refusal = (why: string) => ({
      code: 'SLUICE_NETLINK_FAILED',
      message: expect.stringContaining(why),
    });
    await expect(network.moveAddressing('none', 'br0')).rejects.toMatchObject(refusal('none does not exist'));
    await expect(network.moveAddressing('eth0', 'none')).rejects.toMatchObject(
      refusal('none does not exist'),
    );
    namespace.ip('link set br0 down');
    await expect(network.moveAddressing('eth0', 'br0')).rejects.toMatchObject(refusal('br0 is down'));
    await network.moveAddressing('eth0', 'eth0');
    expect(addressingText()).toBe(before);
  });

  it('never has a moment without a default route', async () => {
    const lines = await namespace.routeEvents(() => network.moveAddressing('eth0', 'br0'));
    expect(lines.filter((line) => line.startsWith('Deleted default'))).toEqual([]);
    expect(lines.some((line) => line.startsWith('default via 10.9.0.1 dev br0'))).toBe(true);
  });
});

describe('moveAddressing that is cut off', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-ip-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** An `ip` that does the first `left` changing lines of all batches together, then nothing any more. */
  const limited = (left: number): KernelNetwork => {
    const binary = join(folder, 'ip');
    const count = join(folder, 'left');
    writeFileSync(count, String(left));
    const script = `#!/bin/bash
case "$*" in *-json*|*-oneline*) exec ip "$@";; esac
left=$(cat ${count})
head -n "$left" >${folder}/lines
lines=$(wc -l <${folder}/lines)
echo $((left - lines)) >${count}
ip "$@" <${folder}/lines
if [ $((left - lines)) -eq 0 ]; then echo "cut off" >&2; exit 1; fi
`;
    writeFileSync(binary, script);
    chmodSync(binary, 0o755);
    return new KernelNetwork({ netns: namespace.name, binary });
  };

  it('is completed by the next call, wherever it was', async () => {
    const wanted = onBridge(addressingText());
    let steps = 1;
    for (; steps < 100; steps++) {
      const end = await limited(steps)
        .moveAddressing('eth0', 'br0')
        .then(
          () => 'complete',
          () => 'cut off',
        );
      if (end === 'complete') break;
      await network.moveAddressing('eth0', 'br0');
      expect(addressingText()).toBe(wanted);
      await network.moveAddressing('br0', 'eth0');
    }
    expect(steps).toBeGreaterThan(15);
    expect(Number(readFileSync(join(folder, 'left'), 'utf8'))).toBeGreaterThanOrEqual(0);
  });
});
