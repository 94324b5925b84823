import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TestNamespace } from '../../netlink/src/testing/namespace.js';
import { Nft, type NftChange, type NftElement, type NftTable } from './index.js';

const accept = { accept: null };
const unchanged: NftChange = { put: [], removeTables: [], addElements: [], removeElements: [] };
const pod = (address: string, dev: string, goto = 'capture'): NftElement => ({ key: [address, dev], goto });

const table = (change: Partial<NftTable> = {}): NftTable => ({
  family: 'inet',
  name: 'sluice_agent',
  counters: ['unknown'],
  sets: [
    {
      name: 'cluster4',
      type: ['ipv4_addr'],
      interval: true,
      elements: [{ key: ['10.0.0.0/8'] }, { key: ['192.0.2.7/32'] }],
    },
    { name: 'cluster6', type: ['ipv6_addr'], interval: true, elements: [{ key: ['fd00:0:0::/48'] }] },
    {
      name: 'pods4',
      type: ['ipv4_addr', 'ifname'],
      verdictMap: true,
      elements: [pod('10.244.0.2', 'veth.a')],
    },
    { name: 'pods6', type: ['ipv6_addr', 'ifname'], verdictMap: true, elements: [pod('fd00:0:0::2', '123')] },
    {
      name: 'pods6_any',
      type: ['ipv6_addr'],
      verdictMap: true,
      elements: [{ key: ['FD00::0003'], goto: 'direct' }],
    },
  ],
  chains: [
    { name: 'capture', rules: [[{ mangle: { key: { meta: { key: 'mark' } }, value: 8192 } }]] },
    { name: 'direct', rules: [[accept]] },
    {
      name: 'pre',
      base: { type: 'filter', hook: 'prerouting', priority: -90, policy: 'accept' },
      rules: [
        [
          { match: { op: '==', left: { payload: { protocol: 'ip', field: 'daddr' } }, right: '@cluster4' } },
          accept,
        ],
        [
          {
            vmap: {
              key: {
                concat: [{ payload: { protocol: 'ip', field: 'saddr' } }, { meta: { key: 'iifname' } }],
              },
              data: '@pods4',
            },
          },
        ],
        [{ counter: 'unknown' }, { drop: null }],
      ],
    },
  ],
  ...change,
});

const withElements = (name: string, elements: readonly NftElement[]): NftTable => {
  const whole = table();
  return { ...whole, sets: whole.sets.map((set) => (set.name === name ? { ...set, elements } : set)) };
};

const element = (set: string, item: NftElement) => ({ table: 'sluice_agent', set, element: item });
const owned = ['sluice_agent', 'sluice_gateway'];

let namespace: TestNamespace;
let nft: Nft;
beforeEach(() => {
  namespace = new TestNamespace();
  nft = new Nft({ netns: namespace.name });
});
afterEach(() => namespace.remove());

const listed = (set: string): string => namespace.run('nft', 'list', 'map', 'inet', 'sluice_agent', set);
const packetsUnknown = (): string => namespace.run('nft', 'list', 'counters');
const handleOfTable = (): string => namespace.run('nft', '-a', 'list', 'tables');

describe('apply', () => {
  it('puts a table, its elements and rules in place', async () => {
    await nft.apply({ ...unchanged, put: [table()] });
    const text = namespace.run('nft', 'list', 'table', 'inet', 'sluice_agent');
    expect(text).toContain('10.0.0.0/8');
    expect(text).toContain('10.244.0.2 . "veth.a" : goto capture');
    expect(text).toContain('ip saddr . iifname vmap @pods4');
    expect(text).toContain('type filter hook prerouting priority dstnat + 10; policy accept;');
  });

  it('adds, changes and removes elements', async () => {
    await nft.apply({ ...unchanged, put: [table()] });
    await nft.apply({
      ...unchanged,
      removeElements: [
        element('pods4', pod('10.244.0.2', 'veth.a')),
        element('cluster4', { key: ['10.0.0.0/8'] }),
      ],
      addElements: [
        element('pods4', pod('10.244.0.2', 'veth.a', 'direct')),
        element('pods4', pod('10.244.0.9', 'veth-1-2')),
        element('cluster4', { key: ['10.0.0.1-10.0.0.9'] }),
      ],
    });
    expect(listed('pods4')).toContain('10.244.0.2 . "veth.a" : goto direct');
    expect(listed('pods4')).toContain('10.244.0.9 . "veth-1-2" : goto capture');
    expect(namespace.run('nft', 'list', 'set', 'inet', 'sluice_agent', 'cluster4')).toMatch(
      /10\.0\.0\.1-10\.0\.0\.9/,
    );
  });

  it('does not mind what is removed or added already', async () => {
    await nft.apply({ ...unchanged, put: [table()] });
    await nft.apply({
      ...unchanged,
      removeElements: [
        element('pods4', pod('10.244.0.77', 'gone')),
        element('pods4', pod('10.244.0.2', 'veth.a')),
        element('pods6_any', { key: ['fd00::3'], goto: 'direct' }),
      ],
      addElements: [element('pods6_any', { key: ['fd00::3'], goto: 'capture' })],
    });
    expect(listed('pods4')).not.toContain('10.244.0.2');
    expect(listed('pods6_any')).toContain('fd00::3 : goto capture');
    await nft.apply({
      ...unchanged,
      addElements: [element('pods6_any', { key: ['fd00::3'], goto: 'direct' })],
    });
    expect(listed('pods6_any')).toContain('fd00::3 : goto direct');
  });

  it('removes tables, also those that are not there', async () => {
    await nft.apply({ ...unchanged, put: [table()] });
    await nft.apply({ ...unchanged, removeTables: ['sluice_agent', 'sluice_gateway'] });
    expect(namespace.run('nft', 'list', 'tables')).toBe('');
  });

  it('applies nothing of a refused change and names the command', async () => {
    await nft.apply({ ...unchanged, put: [table()] });
    const bad = table({
      sets: [],
      chains: [{ name: 'x', rules: [[accept], [{ jump: { target: 'nowhere' } }], [accept]] }],
    });
    await expect(nft.apply({ ...unchanged, put: [bad] })).rejects.toMatchObject({
      code: 'SLUICE_NFT_REFUSED',
      message: expect.stringContaining('"chain":"x","expr":[{"jump":{"target":"nowhere"}}]'),
    });
    expect(await nft.ensure([table()], owned)).toEqual({ rebuilt: [], added: 0, removed: 0 });
  });

  it('says that a set is gone', async () => {
    await nft.apply({ ...unchanged, put: [table({ sets: [], chains: [] })] });
    const change = { ...unchanged, addElements: [element('pods4', pod('10.244.0.2', 'veth.a'))] };
    await expect(nft.apply(change)).rejects.toMatchObject({
      code: 'SLUICE_NFT_REFUSED',
      message: /no set pods4/,
    });
    await expect(nft.apply({ ...change, removeTables: ['sluice_agent'] })).rejects.toMatchObject({
      code: 'SLUICE_NFT_REFUSED',
    });
  });

  it('runs calls in turn', async () => {
    await Promise.all([
      nft.apply({ ...unchanged, put: [table()] }),
      nft.apply({ ...unchanged, addElements: [element('pods4', pod('10.244.0.3', 'b'))] }),
      nft.apply({ ...unchanged, removeElements: [element('pods4', pod('10.244.0.3', 'b'))] }),
    ]);
    expect(listed('pods4')).not.toContain('10.244.0.3');
  });
});

describe('ensure', () => {
  it('changes nothing when nothing differs, after a restart of the process', async () => {
    expect(await nft.ensure([table()], owned)).toEqual({ rebuilt: ['sluice_agent'], added: 0, removed: 0 });
    const before = handleOfTable();
    const restarted = new Nft({ netns: namespace.name });
    expect(await restarted.ensure([table()], owned)).toEqual({ rebuilt: [], added: 0, removed: 0 });
    expect(handleOfTable()).toBe(before);
  });

  it('changes only the elements that differ', async () => {
    await nft.ensure([table()], owned);
    const before = handleOfTable();
    const elements = [pod('10.244.0.2', 'veth.a', 'direct'), pod('10.244.0.8', 'c')];
    expect(await nft.ensure([withElements('pods4', elements)], owned)).toEqual({
      rebuilt: [],
      added: 2,
      removed: 1,
    });
    expect(await nft.ensure([withElements('pods4', [])], owned)).toEqual({
      rebuilt: [],
      added: 0,
      removed: 2,
    });
    expect(handleOfTable()).toBe(before);
  });

  it('sees equal intervals in other words', async () => {
    await nft.ensure([table()], owned);
    const elements = [{ key: ['10.0.0.0-10.255.255.255'] }, { key: ['192.0.2.7'] }];
    expect(await nft.ensure([withElements('cluster4', elements)], owned)).toEqual({
      rebuilt: [],
      added: 0,
      removed: 0,
    });
  });

  it.each([
    ['flush ruleset'],
    ['flush chain inet sluice_agent pre'],
    ['add rule inet sluice_agent direct drop'],
    ['add chain inet sluice_agent other'],
    ['delete table inet sluice_agent'],
    ['add chain inet sluice_agent pre { policy drop ; }'],
  ])('rebuilds the table after "%s"', async (words) => {
    await nft.ensure([table()], owned);
    namespace.run('nft', words);
    expect(await nft.ensure([table()], owned)).toEqual({ rebuilt: ['sluice_agent'], added: 0, removed: 0 });
    expect(await nft.ensure([table()], owned)).toEqual({ rebuilt: [], added: 0, removed: 0 });
  });

  it('knows chains at the ingress of an interface', async () => {
    namespace.addLink('eth0.5');
    const base = {
      type: 'filter',
      hook: 'ingress',
      device: 'eth0.5',
      priority: -500,
      policy: 'drop',
    } as const;
    const ingress = table({ sets: [], chains: [{ name: 'nic', base, rules: [] }] });
    await nft.ensure([ingress], owned);
    expect(namespace.run('nft', 'list', 'chain', 'inet', 'sluice_agent', 'nic')).toContain('device "eth0.5"');
    expect(await nft.ensure([ingress], owned)).toEqual({ rebuilt: [], added: 0, removed: 0 });
    namespace.addLink('eth0.6');
    const other = { ...base, device: 'eth0.6' };
    const moved = table({ sets: [], chains: [{ name: 'nic', base: other, rules: [] }] });
    expect(await nft.ensure([moved], owned)).toMatchObject({ rebuilt: ['sluice_agent'] });
  });

  it('restores flushed elements', async () => {
    await nft.ensure([table()], owned);
    namespace.run('nft', 'flush map inet sluice_agent pods6');
    expect(await nft.ensure([table()], owned)).toEqual({ rebuilt: [], added: 1, removed: 0 });
    expect(listed('pods6')).toContain('fd00::2 . "123" : goto capture');
  });

  it('replaces a table whose definition changed, and removes owned ones only', async () => {
    namespace.run('nft', 'add table inet other; add table inet sluice_gateway; add table ip sluice_gateway');
    await nft.ensure([table()], owned);
    const chains = [...table().chains, { name: 'more', rules: [] }];
    expect(await nft.ensure([table({ chains })], owned)).toEqual({
      rebuilt: ['sluice_agent'],
      added: 0,
      removed: 0,
    });
    const tables = namespace.run('nft', 'list', 'tables').trim().split('\n').toSorted();
    expect(tables).toEqual(['table inet other', 'table inet sluice_agent', 'table ip sluice_gateway']);
  });

  it('keeps counters when only elements change', async () => {
    await nft.ensure([table()], owned);
    namespace.run('sh', '-c', 'ping -c1 -W0.1 127.0.0.1 >/dev/null || true');
    const before = packetsUnknown();
    expect(before).not.toContain('packets 0 ');
    await nft.ensure([withElements('pods4', [])], owned);
    expect(packetsUnknown()).toBe(before);
  });
});

describe('a table of many elements', () => {
  it('is put, compared and changed', async () => {
    const elements = Array.from({ length: 4000 }, (_, i) =>
      pod(`10.${(i >> 8) & 255}.${i & 255}.1`, `v${i}`),
    );
    await nft.ensure([withElements('pods4', elements)], owned);
    const change = await nft.ensure([withElements('pods4', elements.slice(1))], owned);
    expect(change).toEqual({ rebuilt: [], added: 0, removed: 1 });
  });
});

describe('without a usable nft', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-nft-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const fake = (script: string): Nft => {
    const binary = join(folder, 'nft');
    writeFileSync(binary, `#!/bin/sh\n${script}\n`);
    chmodSync(binary, 0o755);
    return new Nft({ binary });
  };

  it.each([undefined, 'netns'])('says that it is missing (namespace: %s)', async (where) => {
    const missing = new Nft({ binary: '/nonexistent/nft', ...(where && { netns: namespace.name }) });
    await expect(missing.version()).rejects.toMatchObject({
      code: 'SLUICE_TOOL_MISSING',
      message: /install/,
    });
  });

  it('says that it is too old', async () => {
    await expect(fake('echo "nftables v0.9.8 (E.D.S.)"').ensure([], [])).rejects.toMatchObject({
      code: 'SLUICE_TOOL_TOO_OLD',
      message: /nft 0\.9\.8 is too old; install nftables 1\.0\.6/,
    });
  });

  it.each(['echo hello', 'exit 3'])('refuses an answer that is none: %s', async (script) => {
    await expect(fake(script).version()).rejects.toMatchObject({ code: 'SLUICE_TOOL_FAILED' });
  });

  it('refuses a listing that is no JSON', async () => {
    const garbage = fake('case $1 in --version) echo v1.1.0;; *) echo "{nftables";; esac');
    await expect(garbage.ensure([], [])).rejects.toMatchObject({ code: 'SLUICE_TOOL_FAILED' });
  });

  it('tells the version', async () => {
    expect(await nft.version()).toMatch(/^\d+\.\d+/);
  });
});
