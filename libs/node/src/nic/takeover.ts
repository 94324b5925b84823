/**
 * Moves a NIC into a bridge: its addresses and routes go to the bridge's own interface, the NIC keeps none. Every step
 * may be repeated, so a crash between two of them is mended by the next call.
 *
 *   remember what the NIC carries (file) -> NIC becomes a port -> addresses and routes on the bridge -> none on the NIC
 */
import { type Logger } from '@sluice/core';
import { type HostNetwork } from '@sluice/netlink';
import { type NicRecord, type NicRecords, type NicRoute } from './record.js';

const mainTable = 254;
/** rtnetlink.h RTPROT_KERNEL: comes with its address. */
const madeByKernel = 2;

export interface TakeoverOptions {
  readonly network: Pick<
    HostNetwork,
    'link' | 'setLink' | 'addresses' | 'addAddress' | 'removeAddress' | 'routes' | 'replaceRoute'
  >;
  readonly records: NicRecords;
  readonly logger: Logger;
}

export interface Carried {
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
    const link = await network.link(nic);
    if (link === undefined) return known;
    const found = await this.carried(nic);
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

  /** Addresses and routes of the record on the bridge's interface, none on the NIC. The bridge must exist. */
  async settle({ nic, bridge, mtu, addresses, routes }: NicRecord): Promise<void> {
    const { network } = this.options;
    await this.ensure(bridge, { addresses, routes }, mtu);
    if ((await network.link(nic)) === undefined) return;
    await network.setLink(nic, { up: true });
    const { addresses: left } = await this.carried(nic);
    for (const address of left) await network.removeAddress({ dev: nic, address });
    // The kernel takes the routes of a removed address along, also those that came over to the bridge already.
    if (left.length > 0) await this.ensure(bridge, { addresses, routes }, mtu);
  }

  /** The way back: everything on the NIC again. The NIC must have left the bridge. */
  async giveBack(record: NicRecord): Promise<void> {
    const { network, records, logger } = this.options;
    if ((await network.link(record.nic)) !== undefined) {
      await this.ensure(record.nic, record, record.mtu);
      logger.info({ nic: record.nic, addresses: record.addresses }, 'gave the interface back to the host');
    }
    await records.remove(record.nic);
  }

  /** Global addresses and the routes that somebody made through an interface. */
  private async carried(dev: string): Promise<Carried> {
    const { network } = this.options;
    const addresses = (await network.addresses(dev)).filter(({ scope }) => scope === 'global');
    const routes = await Promise.all(
      ([4, 6] as const).map((family) => network.routes({ family, table: mainTable })),
    );
    return {
      addresses: addresses.map(({ address }) => address),
      routes: routes
        .flat()
        .filter((route) => route.dev === dev && route.kind === 'unicast' && route.protocol !== madeByKernel)
        .map(({ family, destination, via, metric }) => ({
          family,
          destination,
          metric,
          ...(via === undefined ? {} : { via }),
        })),
    };
  }

  private async ensure(dev: string, wanted: Carried, mtu: number): Promise<void> {
    const { network } = this.options;
    await network.setLink(dev, { up: true, mtu });
    const has = new Set((await network.addresses(dev)).map(({ address }) => address));
    for (const address of wanted.addresses) {
      if (!has.has(address)) await network.addAddress({ dev, address });
    }
    const present = await this.carried(dev);
    const keys = new Set(present.routes.map(routeKey));
    for (const route of wanted.routes) {
      if (keys.has(routeKey(route))) continue;
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
  }
}

const routeKey = ({ family, destination, via, metric }: NicRoute): string =>
  [family, destination, via ?? '', metric].join(' ');

function merge(found: readonly NicRoute[], known: readonly NicRoute[]): readonly NicRoute[] {
  const keys = new Set(found.map(routeKey));
  return [...found, ...known.filter((route) => !keys.has(routeKey(route)))];
}
