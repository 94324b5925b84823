/** In a network namespace with the rules of real programs. Needs root, nftables, iproute2 and iptables. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runProgram, silentLogger } from '@sluice/core';
import { defaultConfig } from '@sluice/datapath';
import { KernelNetwork } from '@sluice/netlink';
import { Nft } from '@sluice/nft';
import { TestNamespace } from '../../../netlink/src/testing/namespace.js';
import { MarkCheck } from './mark-check.js';

let namespace: TestNamespace;

beforeEach(() => {
  namespace = new TestNamespace();
});

afterEach(() => namespace.remove());

const check = (marks = defaultConfig.marks): Promise<void> => {
  const netns = namespace.name;
  return new MarkCheck({
    config: { ...defaultConfig, marks },
    nft: new Nft({ netns }),
    network: new KernelNetwork({ netns }),
    logger: silentLogger,
    save: async (program) => (await runProgram({ command: [program], netns })).stdout,
  }).check();
};

describe('the marks of Sluice', () => {
  test('go with an empty node, with kube-proxy, and with rules of our own', async () => {
    await check();
    namespace.run(
      'nft',
      'add table ip kube-proxy; add chain ip kube-proxy c; add rule ip kube-proxy c meta mark set meta mark or 0x4000',
    );
    namespace.run(
      'nft',
      'add table inet sluice_agent; add chain inet sluice_agent c; add rule inet sluice_agent c meta mark set meta mark or 0x2000',
    );
    namespace.ip('rule add priority 100 fwmark 0x2000/0x3000 table 5100');
    namespace.run('iptables-nft', '-t', 'nat', '-A', 'OUTPUT', '-j', 'MARK', '--or-mark', '0x8000');
    await check();
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      'nft',
      () =>
        namespace.run(
          'nft',
          'add table ip alien; add chain ip alien c; add rule ip alien c meta mark and 0x2000 != 0 accept',
        ),
      /0x2000 \(nft rule \d+ of chain c in table ip alien\)/,
    ],
    ['ip', () => namespace.ip('rule add priority 70 fwmark 0x1000/0x1000 table 99'), /0x1000 \(ip rule 70\)/],
    [
      'ip -6',
      () => namespace.ip('-6 rule add priority 71 fwmark 0x3000 table 99'),
      /0x3000 \(ip -6 rule 71\)/,
    ],
    [
      'iptables, as the portmap plugin has it',
      () =>
        namespace.run(
          'iptables-nft',
          '-t',
          'nat',
          '-A',
          'POSTROUTING',
          '-m',
          'mark',
          '--mark',
          '0x2000/0x2000',
          '-j',
          'MASQUERADE',
        ),
      /0x2000 \(iptables-nft-save: -A POSTROUTING .*MASQUERADE\)/,
    ],
  ])('are refused where a rule of %s names them, with what to do', async (_, add, where) => {
    add();
    const refused = check();
    await expect(refused).rejects.toMatchObject({ code: 'SLUICE_MARK_COLLISION' });
    await expect(refused).rejects.toThrow(where);
    await expect(refused).rejects.toThrow(/set SLUICE_MARK_CAPTURED and SLUICE_MARK_REPLY .*such as 0x/);
    await check({ captured: 0x40, reply: 0x20 });
  });
});
