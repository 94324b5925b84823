import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KernelNetwork, type RouteSpec } from './index.js';
import { TestNamespace } from './testing/namespace.js';

let namespace: TestNamespace;
let network: KernelNetwork;
beforeEach(() => {
  namespace = new TestNamespace();
  namespace.addLink('v0');
  network = new KernelNetwork({ netns: namespace.name });
});
afterEach(() => namespace.remove());

describe('links', () => {
  it('are read with what is known of them', async () => {
    namespace.ip('link add br0 type bridge');
    namespace.ip('link set v0p master br0');
    namespace.ip('link set v0 address 02:00:00:00:00:09 mtu 1400');
    expect(await network.link('v0')).toEqual({
      name: 'v0',
      index: expect.any(Number),
      mac: '02:00:00:00:00:09',
      mtu: 1400,
      up: true,
      carrier: true,
      kind: 'veth',
    });
    expect(await network.link('v0p')).toMatchObject({ kind: 'veth', master: 'br0' });
    expect(await network.link('br0')).toMatchObject({ kind: 'bridge', up: false, carrier: false });
    expect(await network.link('none')).toBeUndefined();
    expect((await network.links()).map(({ name }) => name).toSorted()).toEqual(['br0', 'lo', 'v0', 'v0p']);
  });

  it('are set', async () => {
    await network.setLink('v0', { mac: '02:5c:00:00:00:02', mtu: 1372, up: false });
    expect(await network.link('v0')).toMatchObject({
      mac: '02:5c:00:00:00:02',
      mtu: 1372,
      up: false,
      carrier: false,
    });
    await network.setLink('v0', { up: true });
    expect(await network.link('v0')).toMatchObject({ mac: '02:5c:00:00:00:02', up: true, carrier: true });
    await expect(network.setLink('none', { up: true })).rejects.toMatchObject({
      code: 'SLUICE_NETLINK_FAILED',
      message: /link set dev none up.*none/,
    });
    await expect(network.setLink('v0', { mtu: 10 })).rejects.toMatchObject({ code: 'SLUICE_NETLINK_FAILED' });
  });
});

describe('addresses', () => {
  it('are added, read and removed, more than once', async () => {
    const four = { dev: 'v0', address: '198.18.0.2/24' };
    const six = { dev: 'v0', address: '2001:db8::2/64' };
    for (const address of [four, six, four, six]) await network.addAddress(address);
    const all = await network.addresses('v0');
    expect(all).toContainEqual({
      ...four,
      family: 4,
      scope: 'global',
      dynamic: false,
      noDad: false,
      tentative: false,
    });
    expect(all).toContainEqual({
      ...six,
      family: 6,
      scope: 'global',
      dynamic: false,
      noDad: true,
      tentative: false,
    });
    expect(all).toContainEqual(expect.objectContaining({ scope: 'link', family: 6 }));
    for (const address of [four, six, four, six]) await network.removeAddress(address);
    expect((await network.addresses('v0')).filter(({ scope }) => scope === 'global')).toEqual([]);
  });

  it('have a lifetime when they came from elsewhere', async () => {
    namespace.ip('address add 198.18.0.9/24 dev v0 valid_lft 600 preferred_lft 600');
    expect(await network.addresses('v0')).toContainEqual(
      expect.objectContaining({ address: '198.18.0.9/24', dynamic: true }),
    );
  });

  it('are refused on a link that does not exist', async () => {
    await expect(network.addAddress({ dev: 'none', address: '198.18.0.2/24' })).rejects.toMatchObject({
      code: 'SLUICE_NETLINK_FAILED',
      message: /address replace 198\.18\.0\.2\/24 dev none" failed: Cannot find device/,
    });
    await network.removeAddress({ dev: 'none', address: '198.18.0.2/24' });
  });
});

describe('addressing', () => {
  it('is links, addresses and routes of the main table, of both families', async () => {
    namespace.ip('address add 198.18.0.2/24 dev v0');
    namespace.ip('address add 2001:db8::2/64 dev v0 nodad');
    namespace.ip('route add default via 198.18.0.1');
    namespace.ip('-6 route add default via 2001:db8::1');
    namespace.ip('route add 203.0.113.0/24 dev v0 table 100');
    const { links, addresses, routes } = await network.addressing();
    expect(links.map(({ name }) => name).toSorted()).toEqual(['lo', 'v0', 'v0p']);
    expect(links.find(({ name }) => name === 'v0')).toMatchObject({ mtu: 1500, up: true });
    const global = addresses.filter(({ dev, scope }) => dev === 'v0' && scope === 'global');
    expect(global.map(({ address }) => address)).toEqual(['198.18.0.2/24', '2001:db8::2/64']);
    const made = routes.filter(({ protocol }) => protocol !== 2);
    expect(made.map(({ family, destination, via }) => [family, destination, via])).toEqual([
      [4, '0.0.0.0/0', '198.18.0.1'],
      [6, '::/0', '2001:db8::1'],
    ]);
  });
});

describe('routes', () => {
  const defaults: RouteSpec[] = [
    {
      family: 4,
      table: 100,
      kind: 'unicast',
      destination: '0.0.0.0/0',
      dev: 'v0',
      via: '169.254.92.1',
      onlink: true,
      mtuLock: 1372,
    },
    {
      family: 6,
      table: 100,
      kind: 'unicast',
      destination: '::/0',
      dev: 'v0',
      via: 'fe80::5c',
      onlink: true,
      mtuLock: 1372,
    },
  ];
  const holes: RouteSpec[] = ([4, 6] as const).map((family) => ({
    family,
    table: 100,
    kind: 'blackhole',
    destination: family === 4 ? '0.0.0.0/0' : '::/0',
    metric: 4_278_198_272,
  }));

  it.each([4, 6] as const)('of IPv%s are replaced, read and removed', async (family) => {
    const routes = [...defaults, ...holes].filter((route) => route.family === family);
    for (const route of [...routes, ...routes]) await network.replaceRoute(route);
    const there = await network.routes({ family, table: 100 });
    expect(there).toHaveLength(2);
    expect(there[0]).toMatchObject({
      kind: 'unicast',
      dev: 'v0',
      onlink: true,
      mtu: 1372,
      metric: family === 4 ? 0 : 1024,
      multipath: false,
    });
    expect(there[1]).toMatchObject({ kind: 'blackhole', metric: 4_278_198_272, table: 100 });
    expect(namespace.ip(`-${family} route show table 100`)).toContain('mtu lock 1372');
    for (const route of [...routes, ...routes]) await network.removeRoute(route);
    expect(await network.routes({ family, table: 100 })).toEqual([]);
  });

  it('change in place', async () => {
    const [route] = defaults;
    if (route === undefined) throw new Error('no route');
    await network.replaceRoute(route);
    await network.replaceRoute({ ...route, via: '169.254.92.3' });
    const there = await network.routes({ family: 4, table: 100 });
    expect(there.map(({ via }) => via)).toEqual(['169.254.92.3']);
  });

  it('with more than one next hop, or one of the other family, are read', async () => {
    namespace.ip('address add 10.9.0.2/24 dev v0');
    namespace.ip('route add 10.50.0.0/16 table 100 nexthop via 10.9.0.3 dev v0 nexthop via 10.9.0.4 dev v0');
    namespace.ip('route add 10.51.0.0/16 table 100 via inet6 fe80::1 dev v0 src 10.9.0.2 proto static');
    const there = await network.routes({ family: 4, table: 100 });
    expect(there).toContainEqual(expect.objectContaining({ destination: '10.50.0.0/16', multipath: true }));
    expect(there).toContainEqual(
      expect.objectContaining({
        destination: '10.51.0.0/16',
        via: 'fe80::1',
        source: '10.9.0.2',
        protocol: 4,
      }),
    );
  });

  it('need a next hop that can be reached', async () => {
    const route: RouteSpec = {
      family: 4,
      table: 100,
      kind: 'unicast',
      destination: '192.0.2.0/24',
      dev: 'v0',
      via: '7.7.7.7',
    };
    await expect(network.replaceRoute(route)).rejects.toMatchObject({
      message: /-4 route replace unicast 192\.0\.2\.0\/24 .*" failed: .*invalid gateway/,
    });
  });

  it('tell the interfaces of Pods', async () => {
    namespace.addLink('veth.a');
    namespace.ip('address add 10.9.0.2/24 dev v0');
    namespace.ip('route add 10.244.0.5/32 dev veth.a');
    namespace.ip('route add 10.244.1.0/24 via 10.9.0.1 dev v0');
    namespace.ip('route add fd00:244::5/128 dev veth.a');
    namespace.ip('route add unreachable 10.99.0.0/16');
    expect(await network.hostRoutes(4)).toEqual(new Map([['10.244.0.5', 'veth.a']]));
    expect((await network.hostRoutes(6)).get('fd00:244::5')).toBe('veth.a');
    expect(await network.routeTo('10.244.0.5')).toBe('veth.a');
    expect(await network.routeTo('10.244.1.9')).toBe('v0');
    expect(await network.routeTo('fd00:0244:0::5')).toBe('veth.a');
    for (const address of ['10.9.0.2', '192.0.2.1', '10.99.0.1', '2001:db8::1']) {
      expect(await network.routeTo(address)).toBeUndefined();
    }
  });
});

describe('rules', () => {
  it.each([4, 6] as const)('of IPv%s are added once, read and removed', async (family) => {
    const mark = { family, priority: 77, fwmark: { value: 0x2000, mask: 0x3000 }, table: 100 };
    const whole = { family, priority: 78, fwmark: { value: 5, mask: 0xffffffff }, table: 100 };
    const iif = { family, priority: 77, iif: 'sluice-rej', table: 4000 };
    const from = { family, priority: 79, from: family === 4 ? '10.0.0.0/8' : '2001:db8::/64', table: 100 };
    const host = { ...from, from: family === 4 ? '10.0.0.1/32' : '2001:db8::1/128' };
    for (const rule of [mark, whole, iif, from, host, mark, iif, from]) await network.addRule(rule);
    const ours = (await network.rules(family)).filter(({ priority }) => priority >= 77 && priority < 80);
    expect(ours).toEqual([mark, iif, whole, from, host].map((rule) => ({ ...rule, foreign: false })));
    for (const rule of [mark, mark, iif, whole, host, from]) await network.removeRule(rule);
    expect((await network.rules(family)).filter(({ table }) => table === 100 || table === 4000)).toEqual([]);
  });

  it('of others are told apart', async () => {
    namespace.ip('rule add priority 77 to 10.0.0.0/8 table 100');
    namespace.ip('rule add priority 77 fwmark 1 prohibit');
    const foreign = (await network.rules(4)).filter(({ priority }) => priority === 77);
    expect(foreign).toEqual([
      { family: 4, priority: 77, table: 100, foreign: true },
      { family: 4, priority: 77, fwmark: { value: 1, mask: 0xffffffff }, foreign: true },
    ]);
  });
});

describe('neighbours', () => {
  it('are set, changed, read and removed', async () => {
    const fixed = { dev: 'v0', address: 'fe80::5c', mac: '02:5c:00:00:00:01' };
    const four = { dev: 'v0', address: '169.254.92.1', mac: '02:5c:00:00:00:01' };
    const proxy = { dev: 'v0', address: '2001:db8::9', proxy: true };
    for (const entry of [fixed, four, proxy, proxy]) await network.setNeighbour(entry);
    await network.setNeighbour({ ...four, mac: '02:5c:00:00:00:07' });
    const there = await network.neighbours('v0');
    expect(there).toHaveLength(3);
    expect(there).toEqual(expect.arrayContaining([fixed, { ...four, mac: '02:5c:00:00:00:07' }, proxy]));
    for (const entry of [fixed, four, proxy, proxy, fixed]) await network.removeNeighbour(entry);
    expect(await network.neighbours()).toEqual([]);
  });
});

describe('sysctls', () => {
  it('are read and written in the namespace, with dots in names of interfaces', async () => {
    namespace.addLink('eth0.5');
    await network.writeSysctl('net.ipv4.ip_forward', '1');
    await network.writeSysctl(['net', 'ipv4', 'conf', 'eth0.5', 'rp_filter'], '2');
    expect(await network.readSysctl('net/ipv4/conf/eth0.5/rp_filter')).toBe('2');
    expect(await network.readSysctl('net.ipv4.ip_forward')).toBe('1');
    expect(await network.readSysctls(['net.ipv4.conf.none.rp_filter', 'net.ipv4.ping_group_range'])).toEqual([
      undefined,
      '1 0',
    ]);
    expect(namespace.run('cat', '/proc/sys/net/ipv4/conf/eth0.5/rp_filter').trim()).toBe('2');
  });

  it('refuse what the kernel does not have or take', async () => {
    for (const target of [network, new KernelNetwork()]) {
      const refusal = {
        code: 'SLUICE_SYSCTL_REFUSED',
        message: /\/proc\/sys\/net\/ipv4\/conf\/none\/rp_filter/,
      };
      await expect(target.writeSysctl('net.ipv4.conf.none.rp_filter', '1')).rejects.toMatchObject(refusal);
    }
    await expect(network.writeSysctl('net.ipv4.ip_forward', 'x')).rejects.toMatchObject({
      code: 'SLUICE_SYSCTL_REFUSED',
    });
    await expect(network.readSysctl(['..', 'x'])).rejects.toMatchObject({ code: 'SLUICE_SYSCTL_REFUSED' });
  });

  it('of the own namespace are read without a child', async () => {
    expect(await new KernelNetwork().readSysctl('kernel.ostype')).toBe('Linux');
    expect(await new KernelNetwork().readSysctl('kernel.none')).toBeUndefined();
  });
});

describe('a defective ip', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-ip-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const fake = (script: string): KernelNetwork => {
    const binary = join(folder, 'ip');
    writeFileSync(binary, `#!/bin/sh\n${script}\n`);
    chmodSync(binary, 0o755);
    return new KernelNetwork({ binary });
  };

  it.each([
    ['text', 'echo hello'],
    ['half an answer', 'echo "[{"'],
    ['nothing', 'true'],
    ['another shape', `echo '{"a":1}'`],
    ['numbers in the list', `echo '[1]'`],
    ['members of other types', `echo '[{"ifname":5,"ifindex":"x","mtu":{}}]'`],
  ])('that answers with %s is refused', async (_name, script) => {
    await expect(fake(script).links()).rejects.toMatchObject({ code: 'SLUICE_TOOL_FAILED' });
  });

  it('that ends with an error is refused with its words', async () => {
    const network = fake('echo "Cannot open netlink socket" >&2; exit 1');
    const refusal = { code: 'SLUICE_NETLINK_FAILED', message: /Cannot open netlink socket/ };
    await expect(network.links()).rejects.toMatchObject(refusal);
    await expect(network.addRule({ family: 4, priority: 1, table: 2 })).rejects.toMatchObject(refusal);
  });

  it('whose batch refuses a table without routes is asked one by one', async () => {
    const words = 'Error: ipv4: FIB table does not exist.';
    const real = fake(`case "$*" in *-force*) ;; *batch*) echo '${words}' >&2; exit 1;; esac; exec ip "$@"`);
    const { links, rules, routes } = await real.snapshot({ devices: ['lo', 'none'], tables: [98_765] });
    expect(routes).toEqual([]);
    expect(links).toContainEqual(expect.objectContaining({ name: 'lo' }));
    expect(rules.length).toBeGreaterThanOrEqual(5);
  });

  it('that does not exist is named', async () => {
    const refusal = { code: 'SLUICE_TOOL_MISSING', message: /nonexistent.*install/ };
    await expect(new KernelNetwork({ binary: '/nonexistent/ip' }).links()).rejects.toMatchObject(refusal);
    const inside = new KernelNetwork({ binary: '/nonexistent/ip', netns: namespace.name });
    await expect(inside.links()).rejects.toMatchObject(refusal);
  });

  it('is not given names that its batch would misread', async () => {
    const refusal = { code: 'SLUICE_CONFIG_INVALID' };
    await expect(network.setLink('v0#', { up: true })).rejects.toMatchObject(refusal);
    await expect(network.addAddress({ dev: 'v0\nlink del v0', address: '1.1.1.1/32' })).rejects.toMatchObject(
      refusal,
    );
  });
});
