import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DesiredState, HostState, KernelNetwork } from './index.js';
import { TestNamespace } from './testing/namespace.js';

const hop = '02:5c:00:00:00:01';
const host: DesiredState = {
  sysctls: [
    { key: 'net.ipv4.ip_forward', value: '1' },
    { key: 'net.ipv6.conf.all.forwarding', value: '1' },
    { key: 'net.ipv4.conf.sluice0.rp_filter', value: '2' },
  ],
  addresses: [
    { dev: 'sluice0', address: '169.254.92.2/32' },
    { dev: 'sluice0', address: '2001:DB8:0::2/64' },
  ],
  routes: ([4, 6] as const).flatMap((family) => {
    const destination = family === 4 ? '0.0.0.0/0' : '::/0';
    const via = family === 4 ? '169.254.92.1' : 'fe80::5c';
    return [
      {
        family,
        table: 5001,
        kind: 'unicast' as const,
        destination,
        dev: 'sluice0',
        via,
        onlink: true,
        mtuLock: 1372,
      },
      { family, table: 5001, kind: 'blackhole' as const, destination, metric: 4_278_198_272 },
    ];
  }),
  rules: ([4, 6] as const).flatMap((family) => [
    { family, priority: 77, fwmark: { value: 0x2000, mask: 0x3000 }, table: 5001 },
    { family, priority: 77, iif: 'sluice-rej', table: 5001 },
    { family, priority: 77, from: family === 4 ? '198.18.0.7/32' : '2001:DB8::/64', table: 5001 },
  ]),
  neighbours: [
    { dev: 'sluice0', address: '169.254.92.1', mac: hop },
    { dev: 'sluice0', address: 'fe80::5c', mac: hop },
    { dev: 'sluice0', address: '2001:db8::9', proxy: true },
    { dev: 'sluice0', address: '2001:db8::9', mac: '02:00:00:00:00:AA' },
  ],
};
const all = 3 + 2 + 4 + 6 + 4;
const nothing: DesiredState = { sysctls: [], addresses: [], routes: [], rules: [], neighbours: [] };
const owned = { tables: [5001], rulePriority: 77, devices: ['sluice0'] };

let namespace: TestNamespace;
let network: KernelNetwork;
let state: HostState;
beforeEach(() => {
  namespace = new TestNamespace();
  network = new KernelNetwork({ netns: namespace.name });
  state = new HostState(network, owned);
});
afterEach(() => namespace.remove());

const settled = { changed: 0, missing: [] };

/** Addresses, neighbours, routes and rules of the namespace as text. */
const everything = (): string =>
  [
    ...namespace.listing('address show dev sluice0 scope global'),
    ...namespace.listing('neigh show nud permanent'),
    ...namespace.listing('neigh show proxy'),
    ...(['-4', '-6'] as const).flatMap((family) => [
      ...namespace.listing('route show table 5001', family),
      ...namespace.listing('rule show', family),
    ]),
  ]
    .map((line) => line.replace(/^\d+: /, ''))
    .join('\n');

describe('reconcile', () => {
  it('makes everything and then finds nothing to do', async () => {
    namespace.addLink('sluice0');
    expect(await state.reconcile(host)).toEqual({ changed: all, missing: [] });
    expect(await state.reconcile(host)).toEqual(settled);
    expect(await new HostState(network, owned).reconcile(host)).toEqual(settled);
    const text = everything();
    expect(text).toContain('default via 169.254.92.1 dev sluice0 onlink mtu lock 1372');
    expect(text).toContain('default via fe80::5c dev sluice0 metric 1024 onlink mtu lock 1372');
    expect(text).toContain('77:\tfrom all fwmark 0x2000/0x3000 lookup 5001');
    expect(text).toContain('2001:db8::9 dev sluice0 proxy');
  });

  it('reads by three children and changes by none when nothing differs', async () => {
    namespace.addLink('sluice0');
    await state.reconcile(host);
    const folder = mkdtempSync(join(tmpdir(), 'sluice-ip-'));
    const [binary, log] = [join(folder, 'ip'), join(folder, 'log')];
    writeFileSync(binary, `#!/bin/sh\necho "$*" >>${log}\nexec ip "$@"\n`);
    chmodSync(binary, 0o755);
    const watched = new HostState(new KernelNetwork({ netns: namespace.name, binary }), owned);
    expect(await watched.reconcile(host)).toEqual(settled);
    const calls = readFileSync(log, 'utf8').trim().split('\n');
    expect(calls).toHaveLength(3);
    expect(calls.filter((call) => !call.includes('-json'))).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it('restores what is lost when an interface is made anew', async () => {
    namespace.addLink('sluice0');
    await state.reconcile(host);
    const before = everything();
    namespace.ip('link delete sluice0');
    namespace.addLink('sluice0');
    expect(everything()).not.toBe(before);
    const { changed, missing } = await state.reconcile(host);
    // rp_filter, addresses, neighbours and the two routes through it; rules and blackholes stayed.
    expect({ changed, missing }).toEqual({ changed: 1 + 2 + 4 + 2, missing: [] });
    expect(everything()).toBe(before);
  });

  it('does what it can while an interface is missing or down', async () => {
    const first = await state.reconcile(host);
    expect(first.missing.toSorted()).toEqual(['net.ipv4.conf.sluice0.rp_filter', 'sluice0']);
    expect(first.changed).toBe(2 + 2 + 6);
    expect(await state.reconcile(host)).toMatchObject({ changed: 0 });
    namespace.ip('link add sluice0 type veth peer name sluice0p');
    expect((await state.reconcile(host)).missing).toEqual(['sluice0']);
    namespace.ip('link set sluice0 up');
    expect((await state.reconcile(host)).missing).toEqual([]);
    expect(await state.reconcile(host)).toEqual(settled);
  });

  it('undoes what others changed', async () => {
    namespace.addLink('sluice0');
    await state.reconcile(host);
    const before = everything();
    namespace.ip('route replace default via 169.254.92.9 dev sluice0 onlink table 5001');
    namespace.ip('-6 route add 2001:db8:5::/48 dev sluice0 table 5001');
    namespace.ip('route add prohibit 192.0.2.0/24 table 5001');
    namespace.ip('-6 rule delete priority 77 fwmark 0x2000/0x3000');
    namespace.ip('rule add priority 77 fwmark 0x7/0x7 table 5001');
    namespace.ip('neigh replace 169.254.92.1 lladdr 02:00:00:00:00:99 nud permanent dev sluice0');
    namespace.ip('neigh add proxy 192.0.2.5 dev sluice0');
    namespace.ip('address add 192.0.2.5/24 dev sluice0');
    namespace.ip('address delete 2001:db8::2/64 dev sluice0');
    await network.writeSysctl('net.ipv4.ip_forward', '0');
    await state.reconcile(host);
    expect(everything()).toBe(before);
    expect(await network.readSysctl('net.ipv4.ip_forward')).toBe('1');
    expect(await state.reconcile(host)).toEqual(settled);
  });

  it('keeps an address whose older neighbour in the subnet goes', async () => {
    namespace.addLink('sluice0');
    const two = [
      { dev: 'sluice0', address: '198.18.0.2/24' },
      { dev: 'sluice0', address: '198.18.0.3/24' },
    ];
    await state.reconcile({ ...nothing, addresses: two });
    await state.reconcile({ ...nothing, addresses: two.slice(1) });
    const left = (await network.addresses('sluice0')).filter(({ family }) => family === 4);
    expect(left.map(({ address }) => address)).toEqual(['198.18.0.3/24']);
  });

  it('removes all that is its own and nothing else', async () => {
    namespace.addLink('sluice0');
    namespace.addLink('eth0');
    const theirs = [
      'address add 192.0.2.2/24 dev eth0',
      'address add 192.0.3.2/24 dev sluice0 valid_lft 600 preferred_lft 600',
      'route add 198.51.100.0/24 via 192.0.2.1 dev eth0 table 5002',
      'route add default via 192.0.2.1 dev eth0',
      'rule add priority 77 to 10.0.0.0/8 table 5001',
      'rule add priority 77 fwmark 0x5/0x5 table 5002',
      'rule add priority 78 fwmark 0x5/0x5 table 5001',
      'neigh add 192.0.2.1 lladdr 02:00:00:00:00:99 nud permanent dev eth0',
      'neigh add proxy 192.0.2.9 dev eth0',
    ];
    for (const command of theirs) namespace.ip(command);
    const state6 = (): string =>
      [everything(), ...namespace.listing('route show table 5002'), ...namespace.listing('route show')].join(
        '\n',
      );
    const text = (): string => state6().replaceAll(/valid_lft.*$/gm, '');
    const before = text();
    await state.reconcile(host);
    expect(text()).not.toBe(before);
    await state.reconcile(nothing);
    expect(text()).toBe(before);
  });

  it('applies the rest when something is refused, and says what', async () => {
    namespace.addLink('sluice0');
    const bad = {
      family: 4,
      table: 5001,
      kind: 'unicast',
      destination: '192.0.2.0/24',
      dev: 'sluice0',
      via: '7.7.7.7',
    } as const;
    const sysctl = { key: 'net.ipv4.conf.sluice0.rp_filter', value: 'x' };
    await expect(state.reconcile({ ...host, routes: [bad, ...host.routes] })).rejects.toMatchObject({
      code: 'SLUICE_NETLINK_FAILED',
      message: /ip -4 route replace unicast 192\.0\.2\.0\/24 .*invalid gateway/,
    });
    expect(await state.reconcile(host)).toEqual(settled);
    await expect(state.reconcile({ ...host, sysctls: [sysctl], rules: [] })).rejects.toMatchObject({
      code: 'SLUICE_SYSCTL_REFUSED',
    });
    expect((await network.rules(4)).some(({ priority }) => priority === 77)).toBe(false);
  });

  it('refuses addresses that are none before it changes anything', async () => {
    namespace.addLink('sluice0');
    const before = everything();
    const addresses = [{ dev: 'sluice0', address: 'example/24' }];
    await expect(state.reconcile({ ...host, sysctls: [], addresses })).rejects.toMatchObject({
      code: 'SLUICE_ADDRESS_INVALID',
    });
    expect(everything()).toBe(before);
  });

  it('does without IPv6 where the kernel has none', async () => {
    namespace.addLink('sluice0');
    const folder = mkdtempSync(join(tmpdir(), 'sluice-ip-'));
    const binary = join(folder, 'ip');
    const words = 'RTNETLINK answers: Address family not supported by protocol';
    writeFileSync(binary, `#!/bin/sh\ncase "$*" in *-6*) echo "${words}" >&2; exit 2;; esac\nexec ip "$@"\n`);
    chmodSync(binary, 0o755);
    const without = new HostState(new KernelNetwork({ netns: namespace.name, binary }), owned);
    expect(await without.reconcile(host)).toEqual({ changed: 3 + 1 + 2 + 3 + 1, missing: ['ipv6'] });
    expect(await without.reconcile(host)).toEqual({ changed: 0, missing: ['ipv6'] });
    rmSync(folder, { recursive: true });
  });

  it('runs calls in turn', async () => {
    namespace.addLink('sluice0');
    await Promise.all([state.reconcile(host), state.reconcile(nothing), state.reconcile(host)]);
    expect(await state.reconcile(host)).toEqual(settled);
  });
});

describe('neighbours alone', () => {
  const changed = (neighbours: DesiredState['neighbours']): DesiredState => ({ ...host, neighbours });
  const proxy = { dev: 'sluice0', address: '2001:db8::9', proxy: true };
  const [first, second, ...others] = host.neighbours;
  if (first === undefined || second === undefined) throw new Error('two neighbours are needed');

  it('are added, removed and given another MAC, and then nothing is left to do', async () => {
    namespace.addLink('sluice0');
    await state.reconcile(host);
    const other = { ...first, mac: '02:5c:00:00:00:02' };
    const fresh = { ...proxy, address: '2001:db8::a' };
    expect(await state.changeNeighbours({ add: [other, fresh], remove: [first, second] })).toBe(true);
    expect(await state.reconcile(changed([other, ...others, fresh]))).toEqual(settled);
    expect(await state.changeNeighbours({ add: [first, second], remove: [other, fresh] })).toBe(true);
    expect(await state.reconcile(host)).toEqual(settled);
  });

  it('that go keep another entry of the same address', async () => {
    namespace.addLink('sluice0');
    await state.reconcile(host);
    expect(await state.changeNeighbours({ add: [], remove: [proxy] })).toBe(true);
    const left = host.neighbours.filter((neighbour) => !('proxy' in neighbour));
    expect(await state.reconcile(changed(left))).toEqual(settled);
  });

  it('are not all done where there is no such link', async () => {
    expect(await state.changeNeighbours({ add: [proxy], remove: [] })).toBe(false);
  });
});
