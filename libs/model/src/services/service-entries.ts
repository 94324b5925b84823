/** What is known of each Service name. */
import { type EndpointSlice, type Service } from '@sluice/kube';
import { type ServicePort } from '../intent.js';
import { type ClaimedAddress } from './service-addresses.js';

export interface ServiceEntry {
  readonly namespace: string;
  readonly name: string;
  /** Undefined: slices or claims were seen without their Service. */
  service: Service | undefined;
  readonly slices: Set<EndpointSlice>;
  claims: readonly ClaimedAddress[];
  ports: readonly ServicePort[];
}

const noClaims: readonly ClaimedAddress[] = [];
const noPorts: readonly ServicePort[] = [];

export class ServiceEntries {
  /** By namespace, then name: no keys need to be put together for it. */
  private readonly namespaces = new Map<string, Map<string, ServiceEntry>>();

  /** Made if it is not there. */
  of(namespace = '', name: string): ServiceEntry {
    let names = this.namespaces.get(namespace);
    if (names === undefined) {
      names = new Map<string, ServiceEntry>();
      this.namespaces.set(namespace, names);
    }
    let entry = names.get(name);
    if (entry === undefined) {
      const nothing = {
        service: undefined,
        slices: new Set<EndpointSlice>(),
        claims: noClaims,
        ports: noPorts,
      };
      entry = { namespace, name, ...nothing };
      names.set(name, entry);
    }
    return entry;
  }

  forgetIfEmpty(entry: ServiceEntry): void {
    const { namespace, name, service, slices, claims } = entry;
    if (service !== undefined || slices.size > 0 || claims.length > 0) return;
    const names = this.namespaces.get(namespace);
    names?.delete(name);
    if (names?.size === 0) this.namespaces.delete(namespace);
  }

  *[Symbol.iterator](): Iterator<ServiceEntry> {
    for (const names of this.namespaces.values()) yield* names.values();
  }
}
