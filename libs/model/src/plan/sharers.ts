/** The Services that one address is for: of one namespace and one sharing key, and no two with the same port of it. */
import { addressLimits, type LabelSelector, type Service } from '@sluice/kube';
import { leavingPods, portKeysOf, sharingKeyOf } from './service-request.js';

export class Sharers {
  private readonly services = new Set<Service>();
  private readonly byPort = new Map<string, Service>();
  private readonly selectors: LabelSelector[] = [];

  get size(): number {
    return this.services.size;
  }

  /** In the order in which they came. */
  all(): readonly Service[] {
    return [...this.services];
  }

  /** One without obstacle. */
  add(service: Service): void {
    if (this.services.has(service)) return;
    this.services.add(service);
    for (const port of portKeysOf(service)) this.byPort.set(port, service);
    const pods = leavingPods(service);
    if (pods !== undefined) this.selectors.push(pods);
  }

  /** Why the Service cannot be one of them; undefined: it can. The same for hundreds of sharers as for one. */
  obstacle(service: Service): string | undefined {
    const [first] = this.services;
    if (first === undefined || this.services.has(service)) return undefined;
    if (this.size > addressLimits.sharers)
      return `it is in use by ${String(this.size)} Services, and no more may share one`;
    const key = sharingKeyOf(service);
    if (key === undefined || sharingKeyOf(first) !== key)
      return `it is in use by Service ${first.metadata.name}, which does not share it with this one`;
    for (const port of portKeysOf(service)) {
      const user = this.byPort.get(port);
      if (user !== undefined) return `Service ${user.metadata.name} has ${port} of it`;
    }
    return this.leavingObstacle(service);
  }

  private leavingObstacle(service: Service): string | undefined {
    if (leavingPods(service) === undefined || this.selectors.length < addressLimits.podSelectors)
      return undefined;
    return `the Pods of ${String(this.selectors.length)} Services leave with it, and no more may`;
  }
}
