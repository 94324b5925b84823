/**
 * Keeps a host's sysctls, addresses, neighbours, routes and rules as desired: reads what is there and changes only the
 * difference, so that it may be called at any time, at every commit and after every event. Neighbours, of which there are
 * thousands, can be changed without reading everything.
 */
import { RemoteError } from '@sluice/core';
import {
  type DesiredNetwork,
  hostDifference,
  type HostOwnership,
  type NeighbourChange,
  neighbourChangeSteps,
} from './host-difference.js';
import { type HostNetwork } from './host-network.js';
import { type HostStep, type StepFailure } from './host-step.js';
import { type Sysctl } from './shapes.js';
import { sysctlValue } from './sysctl.js';

/** Structurally part of the datapath's DesiredHost. */
export interface DesiredState extends DesiredNetwork {
  readonly sysctls: readonly Sysctl[];
}

export interface HostReport {
  /** Number of settings, addresses, neighbours, routes and rules that were set or removed. */
  readonly changed: number;
  /**
   * Names of links that do not exist or are down, keys of sysctls that the kernel does not have, `ipv6` if it has none:
   * call again when they come.
   */
  readonly missing: readonly string[];
}

/**
 * A removed IPv4 address takes others of its subnet with it, and a rule that is removed may be another that says more;
 * the second pass puts them back.
 */
const mayTakeOthers = ({ kind }: HostStep): boolean => kind === 'removeAddress' || kind === 'removeRule';
const mostPasses = 3;

/** The link went away, or down, after it was read. */
const linkIsGone = /Cannot find device|No such device|Network is down|device is not up/i;

const devOf = ({ step }: StepFailure): string | undefined => {
  if ('route' in step) return step.route.dev;
  if ('address' in step) return step.address.dev;
  return 'neighbour' in step ? step.neighbour.dev : undefined;
};

const failed = (failures: readonly StepFailure[]): RemoteError => {
  const words = failures.slice(0, 5).map(({ command, reason }) => `"ip ${command}": ${reason}`);
  const more = failures.length > words.length ? ` (and ${failures.length - words.length} more)` : '';
  return new RemoteError('SLUICE_NETLINK_FAILED', { message: words.join('; ') + more, retryable: true });
};

const devicesOf = ({ addresses, neighbours, routes }: DesiredNetwork): string[] =>
  [...addresses, ...neighbours, ...routes].flatMap(({ dev }) => dev ?? []);

export class HostState {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly network: HostNetwork,
    private readonly owned: HostOwnership,
  ) {}

  /**
   * Calls run one after the other. Throws RemoteError SLUICE_NETLINK_FAILED or SLUICE_SYSCTL_REFUSED after everything
   * else was done; ConfigError SLUICE_ADDRESS_INVALID before anything was.
   */
  reconcile(desired: DesiredState): Promise<HostReport> {
    return this.inTurn(() => this.run(desired));
  }

  /** From one state to the next when nothing else differs. False: not all of it was done; `reconcile` tells why. */
  changeNeighbours(change: NeighbourChange): Promise<boolean> {
    const { add, remove } = neighbourChangeSteps(change);
    return this.inTurn(async () => (await this.network.apply([...add, ...remove])).length === 0);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async run(desired: DesiredState): Promise<HostReport> {
    const sysctls = await this.setSysctls(desired.sysctls);
    const missing = new Set(sysctls.missing);
    let changed = sysctls.changed;
    const devices = [...new Set([...this.owned.devices, ...devicesOf(desired)])];
    for (let pass = 0; pass < mostPasses; pass++) {
      const snapshot = await this.network.snapshot({ devices, tables: this.owned.tables });
      const { steps, missing: links } = hostDifference(desired, snapshot, this.owned);
      for (const name of links) missing.add(name);
      const failures = await this.network.apply(steps);
      const refused = failures.filter((failure) => {
        const dev = devOf(failure);
        if (dev === undefined || !linkIsGone.test(failure.reason)) return true;
        missing.add(dev);
        return false;
      });
      if (refused.length > 0) throw failed(refused);
      changed += steps.length - failures.length;
      if (!steps.some(mayTakeOthers)) break;
    }
    if (sysctls.error !== undefined) throw sysctls.error;
    return { changed, missing: [...missing] };
  }

  private async setSysctls(sysctls: readonly Sysctl[]) {
    const values = await this.network.readSysctls(sysctls.map(({ key }) => key));
    const missing: string[] = [];
    let changed = 0;
    let error: Error | undefined;
    for (const [index, { key, value }] of sysctls.entries()) {
      const there = values[index];
      if (there === undefined) missing.push(typeof key === 'string' ? key : key.join('.'));
      if (there === undefined || there === sysctlValue(value)) continue;
      try {
        await this.network.writeSysctl(key, value);
        changed += 1;
      } catch (cause) {
        if (!(cause instanceof Error)) throw cause;
        error ??= cause;
      }
    }
    return { changed, missing, error };
  }
}
