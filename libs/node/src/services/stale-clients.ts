/**
 * Lets clients of endpoints that are gone meet others, where conntrack would hold them at what does not answer any more.
 *
 * A client of UDP goes on sending, which keeps its entry alive: all entries of the endpoint are forgotten. A TCP client whose
 * SYN was not answered sends it again, and the entry would take it to the same endpoint until the client gives up: such
 * entries are forgotten, so that the next SYN goes elsewhere. Connections that were answered are left alone: an endpoint
 * that is not ready, or is ending, still serves them.
 */
import { type Clock, describeError, type Logger } from '@sluice/core';
import { type EndpointPlace, goneEndpoints, type ServicePort } from '@sluice/model';
import { type Switch } from '../switch/switch.js';
import { unansweredBy } from './unanswered.js';

export interface StaleClientsOptions {
  readonly switch: Pick<Switch, 'forgetDatagrams' | 'connections' | 'endConnection'>;
  /** Of the gateway's NAT. */
  readonly zone: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** For what goes in one update of many, and for SYNs that were on their way: clients repeat theirs after a second. */
const gatherMs = 300;
/** A dump of a large table takes its time: the next one waits so many times as long as the last one took. */
const restFactor = 20;

export class StaleClients {
  /** Undefined: nothing is known of before, and nothing is forgotten because of a start. */
  private served: readonly ServicePort[] | undefined;
  private datagrams: readonly EndpointPlace[] = [];
  private unanswered: readonly EndpointPlace[] = [];
  private forgetting: Promise<void> | undefined;
  private looking: Promise<void> | undefined;
  private restMs = gatherMs;
  private waking: (() => void) | undefined;
  private stopped = false;

  constructor(private readonly options: StaleClientsOptions) {}

  /**
   * What the switch serves from now on. Returns at once: of thousands of endpoints each costs a look at the whole table.
   * What cannot be forgotten now is tried again with the next call.
   */
  update(services: readonly ServicePort[]): void {
    const { served = services } = this;
    this.served = services;
    const gone = goneEndpoints(served, services);
    this.datagrams = [...this.datagrams, ...gone.udp];
    this.unanswered = [...this.unanswered, ...gone.tcp];
    if (this.datagrams.length > 0)
      this.forgetting ??= this.orLater(this.forgetDatagrams()).finally(() => (this.forgetting = undefined));
    if (this.unanswered.length > 0)
      this.looking ??= this.orLater(this.forgetUnanswered()).finally(() => (this.looking = undefined));
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.all([this.forgetting, this.looking]);
  }

  stop(): void {
    this.stopped = true;
    this.waking?.();
  }

  private async orLater(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.options.logger.warn(
        { udp: this.datagrams.length, tcp: this.unanswered.length, error: describeError(error) },
        'clients of endpoints that are gone may not be answered yet; trying again',
      );
    }
  }

  private async forgetDatagrams(): Promise<void> {
    const { switch: ovs, zone } = this.options;
    for (let [endpoint] = this.datagrams; endpoint !== undefined; [endpoint] = this.datagrams) {
      await ovs.forgetDatagrams(zone, endpoint);
      this.datagrams = this.datagrams.slice(1);
    }
  }

  private async forgetUnanswered(): Promise<void> {
    const { switch: ovs, zone, clock } = this.options;
    while (this.unanswered.length > 0) {
      await this.rest();
      if (this.stopped) return;
      const endpoints = this.unanswered;
      const started = clock.monotonicMs();
      const dump = await ovs.connections(zone);
      for (const connection of unansweredBy(endpoints, dump)) await ovs.endConnection(zone, connection);
      this.restMs = Math.max(gatherMs, restFactor * (clock.monotonicMs() - started));
      this.unanswered = this.unanswered.slice(endpoints.length);
    }
  }

  private rest(): Promise<void> {
    return new Promise((resolve) => {
      if (this.stopped) {
        resolve();
        return;
      }
      const cancel = this.options.clock.after(this.restMs, resolve);
      this.waking = () => {
        cancel();
        resolve();
      };
    });
  }
}
