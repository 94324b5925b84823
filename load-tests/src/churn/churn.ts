/** Changes of endpoints and gateways, one after the other while the load runs, and everything put back afterwards. */
import { setTimeout as wait } from 'node:timers/promises';
import { type ChangingCluster } from './cluster.js';

/** What was done, and when. */
export interface Deed {
  /** Since the beginning of the load. */
  readonly atSeconds: number;
  readonly what: string;
  /** Absent: it was done. */
  readonly error?: string;
}

export interface ChurnOptions {
  readonly everySeconds: number;
  readonly told: (deed: Deed) => void;
  /** Rejects when the signal is aborted. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

interface Action {
  readonly what: string;
  readonly run: () => Promise<void>;
}

/** Endpoints that come and go beside those that are there. */
const extraReplicas = 2;
/** With one gateway there is nobody to drain to. */
const leastGateways = 2;

export class Churn {
  readonly deeds: Deed[] = [];
  readonly notes: string[] = [];
  private replicas = 0;
  private endedAt = 0;
  private actions: readonly Action[] = [];
  private readonly draining = new Set<string>();
  private readonly pause;

  constructor(
    private readonly cluster: ChangingCluster,
    private readonly options: ChurnOptions,
  ) {
    this.pause = options.pause ?? ((ms, signal) => wait(ms, undefined, { signal }));
  }

  /** Reads what there is to change. Rejects when the cluster cannot be read. */
  async open(): Promise<void> {
    this.replicas = await this.cluster.replicas();
    this.actions = this.inTurn(await this.gateways());
  }

  /** Until the signal, action by action, over and over. */
  async run(signal: AbortSignal): Promise<void> {
    const started = performance.now();
    const seconds = (): number => Math.round((performance.now() - started) / 1000);
    for (let next = 0; await this.goesOn(signal); next++) {
      const action = this.actions[next % this.actions.length];
      if (action !== undefined) await this.act(seconds(), action);
    }
    this.endedAt = seconds();
  }

  /** As it was before. What stays changed is among the deeds, as failed, and among the notes. */
  async putBack(): Promise<void> {
    const undrained = [...this.draining].map((gateway) => this.drain(gateway, false));
    const scaled = this.replicas === 0 ? [] : [this.scale(this.replicas)];
    for (const action of [...undrained, ...scaled]) {
      const { what, error } = await this.act(this.endedAt, action);
      if (error !== undefined) this.notes.push(`do this yourself: ${what}`);
    }
  }

  private goesOn(signal: AbortSignal): Promise<boolean> {
    return this.pause(this.options.everySeconds * 1000, signal).then(
      () => !signal.aborted,
      () => false,
    );
  }

  private async gateways(): Promise<readonly string[]> {
    try {
      const names = await this.cluster.gateways();
      if (names.length >= leastGateways) return names;
      this.notes.push(
        `gateways are left alone: ${leastGateways} ready ones are needed, there are ${names.length}`,
      );
    } catch (error) {
      this.notes.push(`gateways are left alone: ${(error as Error).message}`);
    }
    return [];
  }

  /** Between two changes of endpoints one of a gateway. */
  private inTurn([first, second]: readonly string[]): readonly Action[] {
    const remove: Action = {
      what: 'delete a Pod',
      run: () => this.cluster.deletePod(),
    };
    const drain = (gateway: string | undefined, draining: boolean): readonly Action[] =>
      gateway === undefined ? [] : [this.drain(gateway, draining)];
    return [
      this.scale(this.replicas + extraReplicas),
      ...drain(first, true),
      remove,
      ...drain(first, false),
      this.scale(this.replicas),
      ...drain(second, true),
      remove,
      ...drain(second, false),
    ];
  }

  private scale(replicas: number): Action {
    return { what: `scale to ${replicas}`, run: () => this.cluster.scale(replicas) };
  }

  private drain(gateway: string, draining: boolean): Action {
    return {
      what: `${draining ? 'drain' : 'undrain'} ${gateway}`,
      run: async () => {
        // Before it is asked for: an answer that is lost leaves a gateway that drains.
        this.draining.add(gateway);
        await this.cluster.drain(gateway, draining);
        if (!draining) this.draining.delete(gateway);
      },
    };
  }

  private async act(atSeconds: number, { what, run }: Action): Promise<Deed> {
    const deed = await run().then(
      () => ({ atSeconds, what }),
      (error: unknown) => ({ atSeconds, what, error: (error as Error).message }),
    );
    this.deeds.push(deed);
    this.options.told(deed);
    return deed;
  }
}
