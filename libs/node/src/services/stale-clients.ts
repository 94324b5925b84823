/**
 * Lets clients of endpoints that are gone meet others, where conntrack would hold them at what does not answer any more.
 *
 * A client of UDP goes on sending, which keeps its entry alive: all entries of the endpoint are forgotten. A TCP client whose
 * SYN was not answered sends it again, and the entry would take it to the same endpoint until the client gives up: entries
 * that are found so twice are forgotten, so that the next SYN goes elsewhere. Connections that were answered are left
 * alone: an endpoint that is not ready, or is ending, still serves them.
 */
import { type Clock, describeError, type Logger } from '@sluice/core';
import { type EndpointPlace, goneEndpoints, placeKey, type ServicePort } from '@sluice/model';
import { type Tuple, tupleKey } from '@sluice/netlink';
import { type Switch } from '../switch/switch.js';
import { unansweredBy } from './unanswered.js';

export interface StaleClientsOptions {
  readonly switch: Pick<Switch, 'forgetDatagrams' | 'connections' | 'endConnection'>;
  /** Of the gateway's NAT. */
  readonly zone: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** For what goes in one update of many. */
const gatherMs = 300;
/** An endpoint that lives has answered a SYN by then; a client repeats its first one after a second. */
const answerMs = 300;
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
    if (this.datagrams.length + this.unanswered.length > 0) {
      // What was not there before has come.
      const back = goneEndpoints(services, served);
      this.datagrams = except(this.datagrams, back.udp);
      this.unanswered = except(this.unanswered, back.tcp);
    }
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
      this.datagrams = this.datagrams.filter((pending) => pending !== endpoint);
    }
  }

  private async forgetUnanswered(): Promise<void> {
    const { switch: ovs, zone, clock } = this.options;
    while (this.unanswered.length > 0) {
      if (!(await this.pause(this.restMs))) return;
      const looked = new Set(this.unanswered);
      const started = clock.monotonicMs();
      const seen = new Set((await this.connecting()).map(tupleKey));
      let took = clock.monotonicMs() - started;
      if (seen.size > 0) {
        if (!(await this.pause(answerMs))) return;
        const again = clock.monotonicMs();
        // Those of endpoints that came back meanwhile are not among them.
        for (const connection of await this.connecting())
          if (seen.has(tupleKey(connection))) await ovs.endConnection(zone, connection);
        took += clock.monotonicMs() - again;
      }
      this.restMs = Math.max(gatherMs, restFactor * took);
      this.unanswered = this.unanswered.filter((endpoint) => !looked.has(endpoint));
    }
  }

  /** Connections to endpoints that are gone which nobody has answered yet. */
  private async connecting(): Promise<readonly Tuple[]> {
    const dump = await this.options.switch.connections(this.options.zone);
    return unansweredBy(this.unanswered, dump);
  }

  /** Resolves to whether there is still something to do, at once when this has been stopped. */
  private async pause(ms: number): Promise<boolean> {
    if (this.stopped) return false;
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.after(ms, resolve);
      this.waking = () => {
        cancel();
        resolve();
      };
    });
    return !this.stopped;
  }
}

const except = (
  places: readonly EndpointPlace[],
  others: readonly EndpointPlace[],
): readonly EndpointPlace[] => {
  const keys = new Set(others.map(placeKey));
  return places.filter((place) => !keys.has(placeKey(place)));
};
