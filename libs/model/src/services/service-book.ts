/**
 * All Services of the cluster as a gateway serves them, resolved again only where something changed.
 *
 *   services, slices, ids, addresses, nodes ──(by identity)──▶ dirty entries ──▶ service-ports.ts ──▶ table by id
 *
 * Objects do not change: the identical reference is the same object. Equal inputs give equal lists, whatever was seen
 * before; only the cost differs.
 */
import {
  type EgressAddress,
  type EgressGateway,
  type EgressPool,
  type EndpointSlice,
  type Service,
} from '@sluice/kube';
import { type ServiceHealth, type ServicePort } from '../intent.js';
import { serviceNameLabel } from '../names.js';
import { familiesOf } from './eligible.js';
import { listChange } from './list-change.js';
import { type Places, placesChange, placesOf } from './places.js';
import { PortTable } from './port-table.js';
import { ServiceClaims } from './service-claims.js';
import { ServiceEntries, type ServiceEntry } from './service-entries.js';
import { IdHolders } from './service-ids.js';
import { samePort, servicePorts } from './service-ports.js';

export interface ServiceInputs {
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
  /** Node id by name. */
  readonly nodeIds: ReadonlyMap<string, number>;
  readonly gateways: readonly EgressGateway[];
  readonly addresses: readonly EgressAddress[];
  /** Those that the gateway serves: it is told of addresses of no other. */
  readonly pools: readonly EgressPool[];
  /** Of the gateway. */
  readonly zone: string | undefined;
}

export interface ServiceBookOptions {
  /** Whether a Service without `loadBalancerClass` gets its addresses from pools. */
  readonly defaultClass: boolean;
}

export class ServiceBook {
  private readonly entries = new ServiceEntries();
  private readonly holders = new IdHolders();
  private readonly claims = new ServiceClaims(this.entries);
  private readonly table = new PortTable();
  private readonly checked = new Map<ServiceEntry, ServiceHealth>();
  private health: readonly ServiceHealth[] = [];
  private readonly dirty = new Set<ServiceEntry>();
  private services: readonly Service[] = [];
  private slices: readonly EndpointSlice[] = [];
  private places: Places = { ids: new Map(), workers: [] };
  private zone: string | undefined;

  constructor(private readonly options: ServiceBookOptions = { defaultClass: false }) {}

  /** Sorted by id and family. Entries that are as before are the identical objects, and so is the list if all are. */
  ports(inputs: ServiceInputs): readonly ServicePort[] {
    this.readServices(inputs.services);
    this.readSlices(inputs.endpointSlices);
    for (const entry of this.claims.read(inputs)) this.dirty.add(entry);
    this.readPlaces(inputs);
    this.readZone(inputs.zone);
    if (this.dirty.size > 0) this.resolve();
    return this.table.list();
  }

  /** Of the Services of the last `ports`; the list is the identical one if all is as before. */
  healthChecks(): readonly ServiceHealth[] {
    return this.health;
  }

  private readServices(services: readonly Service[]): void {
    const { removed, added } = listChange(this.services, services);
    this.services = services;
    for (const service of removed) {
      this.mark(service).service = undefined;
      this.holders.remove(service).forEach((heir) => this.mark(heir));
    }
    for (const service of added) {
      this.mark(service).service = service;
      this.holders.add(service).forEach((loser) => this.mark(loser));
    }
  }

  private readSlices(slices: readonly EndpointSlice[]): void {
    const { removed, added } = listChange(this.slices, slices);
    this.slices = slices;
    for (const slice of removed) this.markOwner(slice)?.slices.delete(slice);
    for (const slice of added) this.markOwner(slice)?.slices.add(slice);
  }

  private readPlaces({ nodeIds, gateways }: ServiceInputs): void {
    const places = placesOf(nodeIds, gateways);
    const isMoved = placesChange(this.places, places);
    if (isMoved === undefined) return;
    this.places = places;
    for (const entry of this.entries) {
      const moved = [...entry.slices].some(
        ({ endpoints }) => endpoints?.some(({ nodeName }) => isMoved(nodeName)) === true,
      );
      if (moved) this.dirty.add(entry);
    }
  }

  private readZone(zone: string | undefined): void {
    if (zone === this.zone) return;
    this.zone = zone;
    for (const entry of this.entries) this.dirty.add(entry);
  }

  private mark({ metadata }: Service): ServiceEntry {
    const entry = this.entries.of(metadata.namespace, metadata.name);
    this.dirty.add(entry);
    return entry;
  }

  private markOwner({ metadata }: EndpointSlice): ServiceEntry | undefined {
    const name = metadata.labels?.[serviceNameLabel];
    if (name === undefined) return undefined;
    const entry = this.entries.of(metadata.namespace, name);
    this.dirty.add(entry);
    return entry;
  }

  /** An id may pass from one Service to another: everything old goes first. */
  private resolve(): void {
    const changed: { readonly entry: ServiceEntry; readonly ports: readonly ServicePort[] }[] = [];
    for (const entry of this.dirty) {
      const ports = this.portsOf(entry);
      if (!isUnchanged(entry.ports, ports)) changed.push({ entry, ports });
      this.check(entry, ports);
      this.entries.forgetIfEmpty(entry);
    }
    this.dirty.clear();
    for (const { entry } of changed) this.table.remove(entry.ports);
    for (const { entry, ports } of changed) {
      entry.ports = ports;
      this.table.put(ports);
    }
  }

  private check(entry: ServiceEntry, ports: readonly ServicePort[]): void {
    const before = this.checked.get(entry);
    const now = healthOf(entry, ports);
    if (before?.port === now?.port && before?.endpoints === now?.endpoints) return;
    if (now === undefined) this.checked.delete(entry);
    else this.checked.set(entry, now);
    this.health = [...this.checked.values()].toSorted((a, b) => a.port - b.port);
  }

  private portsOf({ service, slices, claims, ports: before }: ServiceEntry): readonly ServicePort[] {
    if (service === undefined) return [];
    const { places, zone, holders, options } = this;
    const ports = servicePorts(service, {
      ...{ ids: holders.held(service), slices, claims, places, zone },
      defaultClass: options.defaultClass,
    });
    return ports.map((port) => before.find((old) => samePort(old, port)) ?? port);
  }
}

function healthOf(
  { namespace, name, service }: ServiceEntry,
  ports: readonly ServicePort[],
): ServiceHealth | undefined {
  const { externalTrafficPolicy, healthCheckNodePort: port = 0 } = service?.spec ?? {};
  const [first] = ports;
  if (port === 0 || externalTrafficPolicy !== 'Local' || first === undefined) return undefined;
  const [family] = service === undefined ? [] : familiesOf(service);
  const addresses = ports
    .filter((each) => each.family === family)
    .flatMap(({ endpoints }) => endpoints.map(({ address }) => address));
  return { port, namespace, name, endpoints: new Set(addresses).size };
}

const isUnchanged = <T>(before: readonly T[], after: readonly T[]): boolean =>
  before === after || (before.length === after.length && before.every((object, at) => object === after[at]));
