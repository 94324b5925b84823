/**
 * Moves a NIC into a bridge: its addresses and routes go to the bridge's own interface, the NIC keeps none. Every step
 * may be repeated, so a crash between two of them is mended by the next call.
 *
 *   remember what the NIC carries (file) -> NIC becomes a port -> addresses and routes on the bridge -> none on the NIC
 */
import { type Logger } from '@sluice/core';
import { type Addressing, type HostNetwork, type Link } from '@sluice/netlink';
import { type NicRecord, type NicRecords, type NicRoute } from './record.js';

const mainTable = 254;
/** rtnetlink.h RTPROT_KERNEL: comes with its address. */
const madeByKernel = 2;

export interface TakeoverOptions {
  readonly network: Pick<
    HostNetwork,
    'addressing' | 'setLink' | 'addAddress' | 'removeAddress' | 'replaceRoute'
  >;
  readonly records: NicRecords;
  readonly logger: Logger;
}

interface Carried {
  readonly addresses: readonly string[];
  readonly routes: readonly NicRoute[];
}

export class NicTakeover {
  constructor(private readonly options: TakeoverOptions) {}

  /**
   * What the NIC carried, on record from now on; undefined if there is neither NIC nor record. Addresses that somebody
   * gave to the NIC since then join the record.
   */
  async remember(nic: string, bridge: string): Promise<NicRecord | undefined> {
    const { network, records } = this.options;
    const known = await records.read(nic);
    const host = await network.addressing();
    const link = linkOf(host, nic);
    if (link === undefined) return known;
    const found = carriedBy(host, nic);
    const record: NicRecord = {
      nic,
      bridge,
      mac: (link.mac ?? known?.mac ?? '').toLowerCase(),
      mtu: link.mtu,
      addresses: [...new Set([...found.addresses, ...(known?.addresses ?? [])])],
      routes: merge(found.routes, known?.routes ?? []),
    };
    if (JSON.stringify(record) !== JSON.stringify(known)) await records.write(record);
    return record;
  }

  /**
   * Addresses and routes of the record on the bridge's interface, none on the NIC. The bridge must exist. Where all is
   * right the host is read once.
   */
  async settle({ nic, bridge, mtu, addresses, routes }: NicRecord): Promise<void> {
    const { network } = this.options;
    const wanted = { addresses, routes };
    const host = await this.ensure(bridge, wanted, mtu);
    const link = linkOf(host, nic);
    if (link === undefined) return;
    if (!link.up) await network.setLink(nic, { up: true });
    const { addresses: left } = carriedBy(host, nic);
    for (const address of left) await network.removeAddress({ dev: nic, address });
    // The kernel takes the routes of a removed address along, also those that came over to the bridge already.
    if (left.length > 0) await this.ensure(bridge, wanted, mtu);
  }

  /** The way back: everything on the NIC again. The NIC must have left the bridge. */
  async giveBack(record: NicRecord): Promise<void> {
    const { network, records, logger } = this.options;
    if (linkOf(await network.addressing(), record.nic) !== undefined) {
      await this.ensure(record.nic, record, record.mtu);
      logger.info({ nic: record.nic, addresses: record.addresses }, 'gave the interface back to the host');
    }
    await records.remove(record.nic);
  }

  /** Gives what it saw of the host last; routes that it made since are not in it. */
  private async ensure(dev: string, wanted: Carried, mtu: number): Promise<Addressing> {
    const { network } = this.options;
    let host = await network.addressing();
    const link = linkOf(host, dev);
    const isSet = link !== undefined && link.up && link.mtu === mtu;
    if (!isSet) await network.setLink(dev, { up: true, mtu });
    const missing = wanted.addresses.filter((address) => !hasAddress(host, dev, address));
    for (const address of missing) await network.addAddress({ dev, address });
    // A link that comes up, and an address, bring routes and take others along.
    if (!isSet || missing.length > 0) host = await network.addressing();
    const present = new Set(carriedBy(host, dev).routes.map(routeKey));
    for (const route of wanted.routes.filter((each) => !present.has(routeKey(each)))) {
      const { family, destination, via, metric } = route;
      await network.replaceRoute({
        family,
        destination,
        metric,
        kind: 'unicast',
        table: mainTable,
        dev,
        ...(via === undefined ? {} : { via }),
      });
    }
    return host;
  }
}

const linkOf = ({ links }: Addressing, name: string): Link | undefined =>
  links.find((link) => link.name === name);

const hasAddress = ({ addresses }: Addressing, dev: string, address: string): boolean =>
  addresses.some((each) => each.dev === dev && each.address === address);

/** Global addresses and the routes that somebody made through an interface. */
const carriedBy = ({ addresses, routes }: Addressing, dev: string): Carried => ({
  addresses: addresses
    .filter((each) => each.dev === dev && each.scope === 'global')
    .map(({ address }) => address),
  routes: routes
    .filter((route) => route.dev === dev && route.kind === 'unicast' && route.protocol !== madeByKernel)
    .map(({ family, destination, via, metric }) => ({
      family,
      destination,
      metric,
      ...(via === undefined ? {} : { via }),
    })),
});

const routeKey = ({ family, destination, via, metric }: NicRoute): string =>
  [family, destination, via ?? '', metric].join(' ');

function merge(found: readonly NicRoute[], known: readonly NicRoute[]): readonly NicRoute[] {
  const keys = new Set(found.map(routeKey));
  return [...found, ...known.filter((route) => !keys.has(routeKey(route)))];
}
