/** Connections of Open vSwitch's own conntrack, by ovs-vswitchd's control socket; see ovs-dpctl(8). */
import { type Tuple } from '@sluice/netlink';
import { controlSocket, unixctl } from '@sluice/ovs';
import { type DumpOptions, type Endpoint } from './switch.js';

/** A connection by its first packet, as ovs-dpctl(8) wants it. */
function firstPacketFilter({ source, destination, protocol, transport }: Tuple): string {
  const [from, to] = source.includes(':') ? ['ct_ipv6_src', 'ct_ipv6_dst'] : ['ct_nw_src', 'ct_nw_dst'];
  const ends = [`${from}=${source}`, `${to}=${destination}`, `ct_nw_proto=${String(protocol)}`];
  if (transport.kind === 'ports')
    ends.push(`ct_tp_src=${String(transport.source)}`, `ct_tp_dst=${String(transport.destination)}`);
  return ends.join(',');
}

export class OvsConntrack {
  /** As in ovs-dpctl(8), "netdev@ovs-netdev"; it is the same after a restart. */
  private datapathName: string | undefined;

  constructor(
    private readonly options: { readonly runDirectory: string; readonly datapath: 'system' | 'netdev' },
  ) {}

  /** As `dpctl/dump-conntrack` prints them. */
  async dump(zone: number, { timeouts }: DumpOptions = { timeouts: false }): Promise<string> {
    const socket = await this.socket();
    // Without a name Open vSwitch looks for datapaths of every kind, and complains of each that is missing.
    if (this.datapathName === undefined) {
      const names = (await unixctl(socket, 'dpctl/dump-dps')).split('\n');
      this.datapathName = names.find((name) => name.startsWith(`${this.options.datapath}@`));
    }
    const named = this.datapathName === undefined ? [] : [this.datapathName];
    const options = timeouts ? ['-s'] : [];
    return unixctl(socket, 'dpctl/dump-conntrack', ...options, ...named, `zone=${String(zone)}`);
  }

  async end(zone: number, original: Tuple): Promise<void> {
    await this.flush(zone, firstPacketFilter(original));
  }

  /** UDP connections whose answers come from there. */
  async forgetDatagrams(zone: number, { address, port }: Endpoint): Promise<void> {
    const from = address.includes(':') ? 'ct_ipv6_src' : 'ct_nw_src';
    // Of the answer alone: an empty text stands for the first packet.
    await this.flush(zone, '', `${from}=${address},ct_nw_proto=17,ct_tp_src=${String(port)}`);
  }

  /** Without the datapath's name: with zone and tuple Open vSwitch 3.1 takes it for a tuple. */
  private async flush(zone: number, ...tuples: readonly string[]): Promise<void> {
    await unixctl(await this.socket(), 'dpctl/flush-conntrack', `zone=${String(zone)}`, ...tuples);
  }

  private socket(): Promise<string> {
    return controlSocket(this.options.runDirectory, 'ovs-vswitchd');
  }
}
