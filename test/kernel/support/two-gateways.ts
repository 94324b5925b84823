/**
 *            ┌── gateway a ──┐
 *      pod ──┤               ├── server        egress address 198.18.0.100
 *            └── gateway b ──┘
 *
 * Addresses are known to their neighbours beforehand: what is shown here is not ARP.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { TestNamespace } from '../../../libs/netlink/src/testing/namespace.js';
import { egressAddress, OvsGateway, podMac, serverMac } from './ovs-gateway.js';

export const podAddress = '10.244.1.5';
export const serverAddress = '203.0.113.10';

export type GatewayName = 'a' | 'b';
const gatewayMac = '02:00:00:00:0c:01';

export class TwoGateways {
  readonly pod = new TestNamespace();
  readonly server = new TestNamespace();
  readonly gateways = { a: new OvsGateway(), b: new OvsGateway() };
  private readonly children: ChildProcess[] = [];

  async start(): Promise<void> {
    for (const name of ['a', 'b'] as const) {
      this.link(name, 'pod', podMac);
      this.link(name, 'server', serverMac);
      await this.gateways[name].start();
    }
    this.pod.ip(`address add ${podAddress}/32 dev lo`);
    this.server.ip(`address add ${serverAddress}/32 dev lo`);
  }

  /** Packets of both sides go by this gateway from now on. */
  use(name: GatewayName): void {
    this.route(this.pod, name, serverAddress, podAddress);
    this.route(this.server, name, egressAddress, serverAddress);
  }

  /** A program in a namespace; its lines, as they come. */
  lines(where: 'pod' | 'server', ...command: readonly [string, ...string[]]): readonly string[] {
    const child = spawn('nsenter', [`--net=/run/netns/${this[where].name}`, ...command], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.children.push(child);
    const lines: string[] = [];
    createInterface(child.stdout).on('line', (line) => lines.push(line));
    return lines;
  }

  async remove(): Promise<void> {
    for (const child of this.children) child.kill('SIGKILL');
    await this.gateways.a.remove();
    await this.gateways.b.remove();
    this.pod.remove();
    this.server.remove();
  }

  private route(from: TestNamespace, dev: GatewayName, to: string, source: string): void {
    from.ip(`route replace ${to}/32 dev ${dev} src ${source}`);
    from.ip(`neigh replace ${to} lladdr ${gatewayMac} dev ${dev} nud permanent`);
  }

  private link(name: GatewayName, side: 'pod' | 'server', mac: string): void {
    const { namespace } = this.gateways[name];
    const other = this[side];
    namespace.ip(`link add ${side} type veth peer name ${name} netns ${other.name}`);
    namespace.ip(`link set dev ${side} up`);
    other.ip(`link set dev ${name} address ${mac}`);
    other.ip(`link set dev ${name} up`);
    // Answers may come by another link than questions go.
    for (const dev of ['all', name]) other.run('sysctl', '-qw', `net.ipv4.conf.${dev}.rp_filter=0`);
  }
}
