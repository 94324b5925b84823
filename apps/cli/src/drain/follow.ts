/** Follows gateways and pools by watches until a condition holds. */
import { type Clock, RemoteError, silentLogger } from '@sluice/core';
import { egressGateways, egressPools, type KubeReader, Reflector } from '@sluice/kube';
import { type Fleet } from '../slots/ledger.js';

export interface FollowOptions {
  readonly client: KubeReader;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Called for the first complete state, and for every change; true ends it. */
  readonly look: (fleet: Fleet) => boolean;
  /** What was waited for, for the error. */
  readonly what: string;
}

/** Throws RemoteError SLUICE_WAIT_TIMEOUT. An API server that goes away meanwhile is waited for. */
export async function follow({ client, clock, timeoutMs, look, what }: FollowOptions): Promise<void> {
  const common = { client, clock, logger: silentLogger };
  const gateways = new Reflector({ ...common, resource: egressGateways });
  const pools = new Reflector({ ...common, resource: egressPools });
  const reflectors = [gateways, pools];
  let cancel = (): void => undefined;
  const arrived = new Promise<void>((resolve, reject) => {
    const check = (): void => {
      if (!gateways.isSynced || !pools.isSynced) return;
      if (look({ gateways: gateways.list(), pools: pools.list() })) resolve();
    };
    for (const reflector of reflectors) {
      reflector.onChange(check);
      void reflector.synced.then(check);
    }
    cancel = clock.after(timeoutMs, () => {
      const message = `gave up waiting for ${what}; it goes on by itself, "sluicectl status" shows how far it is`;
      reject(new RemoteError('SLUICE_WAIT_TIMEOUT', { message, retryable: true }));
    });
  });
  for (const reflector of reflectors) reflector.start();
  try {
    await arrived;
  } finally {
    cancel();
    await Promise.all(reflectors.map((reflector) => reflector.stop()));
  }
}
