/** Scopes of what a gateway has by the thousand: egresses, their addresses, ports of Services. */
import { type Family } from '@sluice/core';
import { type HeldEgress, type Intent, type ServicePort } from '@sluice/model';
import { type DatapathConfig } from '../config.js';
import {
  type AddressScope,
  type EgressScope,
  type NeighbourScope,
  type ServiceScope,
} from '../pipeline/scope.js';
import { familyOf } from '../pipeline/matches.js';
import { type Keyed, ScopeMemo, type Scopes } from './scope-memo.js';

const egressScope = (
  { egressId, slot, addresses }: HeldEgress,
  { zone }: { readonly zone: number },
): Keyed<EgressScope> => [[`egress/${String(egressId)}`, { egressId, slot, addresses, zone }]];

/** All addresses that this gateway may come to hold: only the gate changes then. Egresses may share one. */
const addressScopes = ({ addresses, slot }: HeldEgress): Keyed<AddressScope> =>
  addresses.map((address) => [`address/${address}`, { address, slot }]);

/** IPv6 only: what IPv4 needs of the host are its routes. */
const neighbourScopes = (
  { addresses, held }: HeldEgress,
  { uplinkMac }: { readonly uplinkMac: string },
): Keyed<NeighbourScope> =>
  addresses
    .filter((address) => familyOf(address) === 6)
    .map((address) => [`neighbour/${address}`, { address, uplinkMac, held }]);

interface ServicePlace {
  readonly hostAddresses: Readonly<Record<Family, readonly string[]>>;
  readonly zone: number;
}

const serviceScope = (service: ServicePort, { hostAddresses, zone }: ServicePlace): Keyed<ServiceScope> => [
  [
    `service/${String(service.serviceId)}/${String(service.family)}`,
    { service, hostAddresses: hostAddresses[service.family], zone },
  ],
];

const none: readonly never[] = [];

/** For one compiler: it remembers. */
export class GatewayScopes {
  private readonly egresses = new ScopeMemo(egressScope);
  private readonly addresses = new ScopeMemo(addressScopes);
  private readonly neighbours = new ScopeMemo(neighbourScopes);
  private readonly services = new ScopeMemo(serviceScope);

  constructor(private readonly config: DatapathConfig) {}

  egress({ gateway }: Intent): Scopes<EgressScope> {
    return this.egresses.of(gateway?.egresses ?? none, { zone: this.config.zones.nat });
  }

  address({ gateway }: Intent): Scopes<AddressScope> {
    return this.addresses.of(gateway?.egresses ?? none, undefined);
  }

  neighbour({ gateway }: Intent): Scopes<NeighbourScope> {
    return this.neighbours.of(gateway?.egresses ?? none, { uplinkMac: gateway?.uplink.mac ?? '' });
  }

  service({ gateway }: Intent): Scopes<ServiceScope> {
    const own = (gateway?.uplink.addresses ?? []).map((text) => text.split('/')[0] ?? '');
    const of = (family: Family) => own.filter((address) => familyOf(address) === family);
    return this.services.of(gateway?.services ?? none, {
      hostAddresses: { 4: of(4), 6: of(6) },
      zone: this.config.zones.nat,
    });
  }
}
