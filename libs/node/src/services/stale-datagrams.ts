/**
 * Forgets what conntrack knows of datagrams to endpoints that are gone. A TCP client notices and connects anew; one of UDP
 * goes on sending, which keeps its entry alive, and would never reach another endpoint.
 */
import { describeError, type Logger } from '@sluice/core';
import { goneDatagramEndpoints, type ServiceEndpoint, type ServicePort } from '@sluice/model';
import { type Switch } from '../switch/switch.js';

type Endpoint = Pick<ServiceEndpoint, 'address' | 'port'>;

export interface StaleDatagramsOptions {
  readonly switch: Pick<Switch, 'forgetDatagrams'>;
  /** Of the gateway's NAT. */
  readonly zone: number;
  readonly logger: Logger;
}

export class StaleDatagrams {
  /** Undefined: nothing is known of before, and nothing is forgotten because of a start. */
  private served: readonly ServicePort[] | undefined;
  private gone: readonly Endpoint[] = [];
  private working: Promise<void> | undefined;

  constructor(private readonly options: StaleDatagramsOptions) {}

  /**
   * What the switch serves from now on. Returns at once: of thousands of endpoints each costs a look at the whole table.
   * What cannot be forgotten now is tried again with the next call.
   */
  update(services: readonly ServicePort[]): void {
    const { served = services } = this;
    this.served = services;
    this.gone = [...this.gone, ...goneDatagramEndpoints(served, services)];
    if (this.gone.length === 0) return;
    this.working ??= this.forget().finally(() => {
      this.working = undefined;
    });
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.working;
  }

  private async forget(): Promise<void> {
    const { switch: ovs, zone, logger } = this.options;
    for (let [endpoint] = this.gone; endpoint !== undefined; [endpoint] = this.gone) {
      try {
        await ovs.forgetDatagrams(zone, endpoint);
      } catch (error) {
        const what = 'datagrams to endpoints that are gone may not be answered yet; trying again';
        logger.warn({ endpoints: this.gone.length, error: describeError(error) }, what);
        return;
      }
      this.gone = this.gone.slice(1);
    }
  }
}
