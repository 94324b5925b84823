/** Service ports in the order of their ids. */
import { type ServicePort } from '../intent.js';

const none: readonly ServicePort[] = [];

export class PortTable {
  /** By service id, up to the highest that was seen; those of one id by family. */
  private readonly byId: (readonly ServicePort[])[] = [];
  private sorted: readonly ServicePort[] | undefined = none;

  /** The identical list as long as nothing changes. */
  list(): readonly ServicePort[] {
    this.sorted ??= this.read();
    return this.sorted;
  }

  remove(ports: readonly ServicePort[]): void {
    for (const { serviceId } of ports) this.byId[serviceId] = none;
    this.sorted = undefined;
  }

  put(ports: readonly ServicePort[]): void {
    for (const port of ports) {
      // Without holes: an array with gaps is slow.
      while (this.byId.length <= port.serviceId) this.byId.push(none);
      const others = this.byId[port.serviceId] ?? none;
      this.byId[port.serviceId] = [...others, port].sort((a, b) => a.family - b.family);
    }
    this.sorted = undefined;
  }

  private read(): readonly ServicePort[] {
    const all: ServicePort[] = [];
    for (const ports of this.byId) if (ports !== none) all.push(...ports);
    return all;
  }
}
