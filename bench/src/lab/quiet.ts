/** Whether objects still change: what a failure caused has come to its end before the next one is measured. */
import { silentLogger, systemClock } from '@sluice/core';
import { type KubeClient, type KubeObject, Reflector, type Resource } from '@sluice/kube';
import { until } from './until.js';

export class Quiet {
  private readonly reflectors: readonly Reflector<KubeObject>[];
  private changedAt = performance.now();

  /** Of these resources, in all namespaces. */
  constructor(client: KubeClient, resources: readonly Resource<KubeObject>[]) {
    const parts = { client, clock: systemClock, logger: silentLogger };
    this.reflectors = resources.map((resource) => new Reflector({ ...parts, resource }));
    for (const reflector of this.reflectors) {
      reflector.onChange(() => {
        this.changedAt = performance.now();
      });
      reflector.start();
    }
  }

  /** Resolves when nothing has changed for `ms`. */
  async reached(ms: number, withinMs: number): Promise<void> {
    await Promise.all(this.reflectors.map(({ synced }) => synced));
    const isQuiet = (): true | undefined => performance.now() - this.changedAt > ms || undefined;
    await until('the cluster to be quiet', () => Promise.resolve(isQuiet()), withinMs);
  }

  async stop(): Promise<void> {
    await Promise.all(this.reflectors.map((reflector) => reflector.stop()));
  }
}
