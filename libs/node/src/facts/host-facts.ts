/**
 * Looks at the host and prepares its NICs: which link carries the tunnels, which is the uplink. With the userspace
 * datapath the underlay NIC joins `br-phy`; the uplink NIC joins the pipeline's bridge when that is committed.
 */
import { type Logger } from '@sluice/core';
import { bridgeName } from '@sluice/datapath';
import { type Uplink, type World } from '@sluice/model';
import { type HostNetwork } from '@sluice/netlink';
import { type NicRecord } from '../nic/record.js';
import { type NicTakeover } from '../nic/takeover.js';
import { NodeProblem } from '../report/problem.js';
import { type Switch } from '../switch/switch.js';
import { type Underlay, underlayName, underlayOf } from './underlay.js';

export const underlayBridge = 'br-phy';

export interface HostFacts {
  readonly underlay: Underlay;
  readonly uplink: Uplink | undefined;
  /** NICs that a bridge has taken over, or takes over with the next commit. */
  readonly nics: readonly NicRecord[];
}

export interface HostFactsOptions {
  readonly nodeName: string;
  readonly gateway: boolean;
  readonly datapath: 'system' | 'netdev';
  readonly underlayInterface: string | undefined;
  readonly network: HostNetwork;
  readonly takeover: NicTakeover;
  readonly switch: Pick<Switch, 'ensurePlainBridge'>;
  readonly logger: Logger;
}

export class HostFactsReader {
  constructor(private readonly options: HostFactsOptions) {}

  /** Throws NodeProblem UnderlayMissing, UplinkMissing or UplinkAddressMissing. */
  async read(world: World): Promise<HostFacts> {
    const { gateway, datapath } = this.options;
    const found = datapath === 'netdev' ? await this.userspaceUnderlay() : await this.kernelUnderlay(world);
    const uplink = gateway ? await this.uplink(world) : undefined;
    const nics = [found.record, uplink?.record].filter((record) => record !== undefined);
    return { underlay: found.underlay, uplink: uplink?.uplink, nics };
  }

  private async kernelUnderlay(world: World): Promise<{ underlay: Underlay; record?: NicRecord }> {
    const { network, underlayInterface, nodeName } = this.options;
    const node = world.nodes.find(({ metadata }) => metadata.name === nodeName);
    const name = await underlayName(network, underlayInterface, node);
    const link = await network.link(name);
    if (link === undefined) throw missingUnderlay(name);
    const addresses = (await network.addresses(name)).filter(({ scope }) => scope === 'global');
    const { mac = '', mtu } = link;
    return { underlay: underlayOf({ name, mac, mtu, addresses: addresses.map(({ address }) => address) }) };
  }

  private async userspaceUnderlay(): Promise<{ underlay: Underlay; record: NicRecord }> {
    const { underlayInterface: name, takeover, switch: ovs } = this.options;
    if (name === undefined) {
      throw new NodeProblem(
        'UnderlayMissing',
        'the userspace datapath needs SLUICE_UNDERLAY_INTERFACE, the interface that it takes over for tunnels',
      );
    }
    const record = await takeover.remember(name, underlayBridge);
    if (record === undefined) throw missingUnderlay(name);
    await ovs.ensurePlainBridge({ name: underlayBridge, mac: record.mac, nic: name });
    await takeover.settle(record);
    const { mac, mtu, addresses } = record;
    return { underlay: underlayOf({ name: underlayBridge, mac, mtu, addresses }), record };
  }

  private async uplink(world: World): Promise<{ uplink: Uplink; record: NicRecord } | undefined> {
    const { nodeName, network, takeover } = this.options;
    const gateway = world.gateways.find(({ spec }) => spec.nodeName === nodeName);
    if (gateway === undefined) return undefined;
    const { uplinkInterface: name } = gateway.spec;
    const fix = `set spec.uplinkInterface of EgressGateway ${gateway.metadata.name}`;
    if ((await network.link(name)) === undefined) {
      throw new NodeProblem('UplinkMissing', `node ${nodeName} has no interface ${name}; add it, or ${fix}`);
    }
    const record = await takeover.remember(name, bridgeName);
    if (record === undefined || record.addresses.length === 0) {
      throw new NodeProblem(
        'UplinkAddressMissing',
        `the uplink interface ${name} of node ${nodeName} has no address; give it one of the uplink network, or ${fix}`,
      );
    }
    const { mac, mtu, addresses } = record;
    return { uplink: { interface: name, mac, mtu, addresses }, record };
  }
}

const missingUnderlay = (name: string): NodeProblem =>
  new NodeProblem(
    'UnderlayMissing',
    `the underlay interface ${name} does not exist; set SLUICE_UNDERLAY_INTERFACE to the one that reaches the other nodes`,
  );
