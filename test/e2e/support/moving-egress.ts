/** A Pod whose egress moves between the gateways, and what it and a witness on the uplink see meanwhile. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from '@jest/globals';
import {
  allLanes,
  dualFrames,
  type Frame,
  existingLab,
  gatewaysAreReached,
  type LaneReport,
  lanesOf,
  Traffic,
  type TrafficReport,
  Witness,
} from '@sluice/lab';
import { eventually, kubectl, kubectlJson, labName, labStatus } from './lab.js';
import { endpoint, pool, servers, worker } from './lab-facts.js';
import { addressSeen, createNamespace, deleteNamespace, type PodRef, runPod } from './workloads.js';

interface Slot {
  readonly slot: number;
  readonly holder?: string;
  readonly previous?: string;
  readonly order: readonly string[];
}

export interface Seen {
  readonly report: TrafficReport;
  /** Frames on the uplink of a gateway that another one had followed already. */
  readonly dual: readonly Frame[];
  /** The latest moves, as a user is told, where packets were lost; otherwise nothing. */
  readonly moves: string;
}

export const gateways: readonly string[] = ['gateway-1', 'gateway-2'];
export const otherGateway = (gateway: string): string => gateways.find((name) => name !== gateway) ?? '';
export const server = { ipv4: servers.ipv4.routed, ipv6: servers.ipv6.routed };
/** Above the drain timeout, for which a connection that ended unseen may keep a former holder (ADR 33). */
const settledWithinMs = 420_000;
const plan = existingLab(labName);

export const slots = async (): Promise<readonly Slot[]> => {
  const { status } = await kubectlJson<{ status?: { slots?: readonly Slot[] } }>('get', 'epool', pool.name);
  return status?.slots ?? [];
};

async function latestMoves(): Promise<string> {
  const env = { ...process.env, KUBECONFIG: (await labStatus()).kubeconfig };
  const { stdout } = await promisify(execFile)(process.execPath, [resolve('dist/sluicectl.mjs'), 'moves'], {
    env,
  });
  return stdout;
}

export const drain = (gateway: string, draining: boolean): Promise<string> =>
  kubectl('patch', 'egressgateway', gateway, '--type=merge', '-p', JSON.stringify({ spec: { draining } }));

export class MovingEgress {
  /** Of the Pod that the traffic comes from. */
  uid = '';
  private readonly client: PodRef;

  constructor(
    private readonly namespace: string,
    readonly addresses: { readonly ipv4: string; readonly ipv6: string },
  ) {
    this.client = { namespace, name: 'client' };
  }

  /** The namespace with the egress, and the Pod, which is answered. */
  async open(): Promise<void> {
    await createNamespace(this.namespace, Object.values(this.addresses).join(','));
    await runPod(this.client, { node: worker });
    const { namespace, name } = this.client;
    const pod = await kubectlJson<{ metadata: { uid: string } }>('get', 'pod', '-n', namespace, name);
    this.uid = pod.metadata.uid;
    await this.answered();
  }

  close(): Promise<void> {
    return deleteNamespace(this.namespace);
  }

  async slot(): Promise<Slot> {
    const name = this.addresses.ipv4.replaceAll('.', '-');
    const { spec } = await kubectlJson<{ spec: { slot: number } }>('get', 'egressaddress', name);
    const found = (await slots()).find((entry) => entry.slot === spec.slot);
    if (found === undefined) throw new Error(`slot ${spec.slot} is not in the pool`);
    return found;
  }

  async holder(): Promise<string> {
    const { holder: name } = await this.slot();
    if (name === undefined) throw new Error('the address has no holder');
    return name;
  }

  movesTo(gateway: string): Promise<boolean> {
    return eventually(`${gateway} to hold the address`, async () => (await this.holder()) === gateway);
  }

  /** Every gateway is there and has its share, so that nothing moves by itself, and no connection is elsewhere. */
  settled(): Promise<boolean> {
    return eventually(
      'both gateways to be ready and to have their shares, and no move to be under way',
      async () => {
        const { items } = await kubectlJson<{
          readonly items: readonly { readonly status?: { readonly state?: string } }[];
        }>('get', 'egressgateways');
        const balanced = (await slots()).every(
          ({ holder: name, previous, order }) => name === order[0] && previous === undefined,
        );
        return (
          balanced &&
          (await gatewaysAreReached(plan)) &&
          items.every(({ status }) => status?.state === 'Ready')
        );
      },
      { withinMs: settledWithinMs },
    );
  }

  async answered(): Promise<void> {
    const seen = (address: string) => addressSeen(this.client, endpoint(address, 'tcp'), 'connect');
    expect(await seen(server.ipv4)).toBe(this.addresses.ipv4);
    expect(await seen(server.ipv6)).toBe(this.addresses.ipv6);
  }

  /** Traffic of every kind in both families while `disturb` runs, and until new answers came after it. */
  async under(disturb: () => Promise<unknown>, { planned = false } = {}): Promise<Seen> {
    const witness = await Witness.start(plan, new Set(Object.values(this.addresses)));
    const traffic = Traffic.start({ uid: this.uid, lanes: allLanes(server) });
    try {
      await this.answered();
      await disturb();
      await this.answered();
    } finally {
      traffic.end();
      witness.end();
    }
    const report = await traffic.report();
    const dual = dualFrames(await witness.frames(), { planned });
    return { report, dual, moves: isHarmed(report) ? await latestMoves() : '' };
  }

  /** Connections that were there go on, downloads with a silent Pod too; new ones came later, and nobody saw another address. */
  expectKept(seen: Seen): void {
    const connections = lanesOf(seen.report, 'tcp', 'push', 'new');
    expect(connections).toEqual(each(connections, { lost: 0, errors: {} }));
    expect(seen.dual).toEqual([]);
    for (const [name, { seen: addresses }] of Object.entries(lanesOf(seen.report, 'tcp', 'udp', 'new')))
      expect(Object.keys(addresses)).toEqual([
        name.endsWith('4') ? this.addresses.ipv4 : this.addresses.ipv6,
      ]);
  }

  /** Kept, and not one packet lost. */
  expectUnharmed(seen: Seen): void {
    this.expectKept(seen);
    const packets = lanesOf(seen.report, 'ping', 'udp');
    if (seen.moves !== '') console.warn(seen.moves);
    expect(packets).toEqual(each(packets, { lost: 0, errors: {} }));
  }
}

/** Something was lost that is never sent again. */
const isHarmed = (report: Seen['report']): boolean =>
  Object.values(lanesOf(report, 'ping', 'udp')).some(({ lost }) => lost > 0);

/** What to expect of each of them. */
export const each = (found: Readonly<Record<string, LaneReport>>, what: object) =>
  Object.fromEntries(Object.keys(found).map((name) => [name, expect.objectContaining(what)]));
