/**
 * Two gateways in plain namespaces: forwarding and NAT by nftables in the gateway's zone, no Open vSwitch.
 *
 *            ┌── gatewayA ──┐
 *      pod ──┤              ├── server        egress address 198.18.0.100, on whichever the server's route names
 *            └── gatewayB ──┘
 */
import { TestNamespace } from '../../../../netlink/src/testing/namespace.js';
import { address, zone } from './connections.js';

const podCidr = '10.244.1.0/24';
export const serverAddress = '203.0.113.10';

export class TestGateways {
  readonly pod = new TestNamespace();
  readonly server = new TestNamespace();
  readonly gateways = { a: new TestNamespace(), b: new TestNamespace() };

  constructor() {
    for (const [at, name] of (['a', 'b'] as const).entries()) this.connect(name, at + 1);
    this.pod.ip('address add 10.244.1.5/32 dev lo');
    this.server.ip(`address add ${serverAddress}/32 dev lo`);
  }

  /** Packets go by this gateway from now on. */
  use(name: 'a' | 'b'): void {
    const at = name === 'a' ? 1 : 2;
    this.pod.ip(`route replace ${serverAddress}/32 via 10.0.${String(at)}.1 src 10.244.1.5`);
    this.server.ip(`route replace ${address}/32 via 10.1.${String(at)}.1`);
  }

  kill(name: 'a' | 'b'): void {
    this.gateways[name].ip('link set pod down');
    this.gateways[name].ip('link set server down');
  }

  remove(): void {
    for (const namespace of [this.pod, this.server, this.gateways.a, this.gateways.b]) namespace.remove();
  }

  private connect(name: 'a' | 'b', at: number): void {
    const gateway = this.gateways[name];
    for (const [side, net] of [
      ['pod', 0],
      ['server', 1],
    ] as const) {
      const other = this[side];
      gateway.ip(`link add ${side} type veth peer name ${name} netns ${other.name}`);
      gateway.ip(`link set dev ${side} up`);
      other.ip(`link set dev ${name} up`);
      gateway.ip(`address add 10.${String(net)}.${String(at)}.1/24 dev ${side}`);
      other.ip(`address add 10.${String(net)}.${String(at)}.2/24 dev ${name}`);
    }
    gateway.ip(`route add ${podCidr} via 10.0.${String(at)}.2`);
    gateway.ip(`route add ${serverAddress}/32 via 10.1.${String(at)}.2`);
    gateway.run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
    for (const rule of [
      'add table inet t',
      'add chain inet t raw { type filter hook prerouting priority raw; }',
      `add rule inet t raw ct zone set ${String(zone)}`,
      'add chain inet t forward { type filter hook forward priority filter; policy drop; }',
      'add rule inet t forward ct mark set 0x70003 accept',
      'add chain inet t nat { type nat hook postrouting priority srcnat; }',
      `add rule inet t nat ip saddr ${podCidr} oifname server meta l4proto tcp snat ip to ${address}:2000-3000`,
    ])
      gateway.run('nft', rule);
  }
}
