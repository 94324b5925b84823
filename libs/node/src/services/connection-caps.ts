/**
 * Services with `sluice.dev/max-connections`: a gateway that carries so many connections of one refuses new ones, until there are
 * fewer again. Established ones are not touched. A dump of a large table takes its time: between two of them a Service may get
 * more than its cap.
 */
import { type Clock, describeError, type Logger } from '@sluice/core';
import { type ServicePort } from '@sluice/model';
import { connectionCounts } from './connection-counts.js';

/** Of a Service, all its ports and families together. */
export interface CapState {
  /** namespace/name */
  readonly service: string;
  readonly connections: number;
  readonly cap: number;
  readonly state: 'free' | 'near' | 'full';
}

export interface ConnectionCapsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The gateway's zone of conntrack, as Open vSwitch writes it. */
  readonly dump: () => Promise<string>;
  /** Services begin to refuse, or accept again: `apply` gives another answer. */
  readonly onChange: () => void;
  /** A Service came near its cap, reached it, or is away from it again. */
  readonly tell: (state: CapState) => void;
  /** All that have a cap, after each count. */
  readonly onCounted: (states: readonly CapState[]) => void;
}

const periodMs = 1000;
const restFactor = 20;
/** Of the cap. One that refuses accepts again below `again`: otherwise it would change its mind with every client. */
const shares = { near: 0.8, again: 0.95 } as const;

/** Of a port's key, namespace/name:port. */
const serviceOf = ({ key }: ServicePort): string => key.slice(0, key.lastIndexOf(':'));

export class ConnectionCaps {
  private capped: readonly ServicePort[] = [];
  private states: ReadonlyMap<string, CapState> = new Map();
  private readonly copies = new WeakMap<ServicePort, ServicePort>();
  private cancel: (() => void) | undefined;
  private counting = false;

  constructor(private readonly options: ConnectionCapsOptions) {}

  /** The services as they are to be served now. The identical list if none refuses. */
  apply(services: readonly ServicePort[]): readonly ServicePort[] {
    this.capped = services.filter(({ maxConnections }) => maxConnections !== undefined);
    if (this.capped.length > 0 && this.cancel === undefined && !this.counting) this.again(periodMs);
    if (![...this.states.values()].some(({ state }) => state === 'full')) return services;
    return services.map((service) =>
      service.maxConnections !== undefined && this.states.get(serviceOf(service))?.state === 'full'
        ? this.refusing(service)
        : service,
    );
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.capped = [];
  }

  /** The same object each time: what did not change is not compiled again. */
  private refusing(service: ServicePort): ServicePort {
    const copy = this.copies.get(service) ?? { ...service, refuses: true };
    this.copies.set(service, copy);
    return copy;
  }

  private again(delayMs: number): void {
    this.cancel = this.options.clock.after(delayMs, () => {
      this.cancel = undefined;
      void this.look();
    });
  }

  private async look(): Promise<void> {
    const { clock, logger, dump } = this.options;
    this.counting = true;
    const started = clock.monotonicMs();
    try {
      this.counted(connectionCounts(await dump()));
    } catch (error) {
      logger.debug({ error: describeError(error) }, 'connections were not counted');
    }
    this.counting = false;
    const took = clock.monotonicMs() - started;
    if (this.capped.length > 0) this.again(Math.max(periodMs, restFactor * took));
  }

  private counted(counts: ReadonlyMap<number, number>): void {
    const { onChange, onCounted, tell } = this.options;
    const before = this.states;
    const groups = Map.groupBy(this.capped, serviceOf);
    this.states = new Map(
      [...groups].map(([service, ports]) => {
        const ids = new Set(ports.map(({ serviceId }) => serviceId));
        const connections = [...ids].reduce((sum, id) => sum + (counts.get(id) ?? 0), 0);
        const cap = ports[0]?.maxConnections ?? Infinity;
        const state = stateOf(connections / cap, before.get(service)?.state === 'full');
        return [service, { service, connections, cap, state }];
      }),
    );
    const changed = [...this.states.values()].filter(
      ({ service, state }) => state !== (before.get(service)?.state ?? 'free'),
    );
    for (const state of changed) tell(state);
    onCounted([...this.states.values()]);
    const wasFull = (service: string): boolean => before.get(service)?.state === 'full';
    const gone = [...before.values()].some(
      ({ service, state }) => state === 'full' && !this.states.has(service),
    );
    if (gone || changed.some(({ service, state }) => (state === 'full') !== wasFull(service))) onChange();
  }
}

function stateOf(share: number, wasFull: boolean): CapState['state'] {
  if (share >= (wasFull ? shares.again : 1)) return 'full';
  return share >= shares.near ? 'near' : 'free';
}
