/**
 * `drain` and `undrain`: say of a gateway whether it shall give its slots away, and follow what comes of it. The gateways
 * do it by themselves, by planned moves; this only asks and looks on.
 */
import { type Clock, ConfigError } from '@sluice/core';
import {
  configMaps,
  type EgressGateway,
  egressGateways,
  egressPools,
  type KubeClient,
  KubeRefusedError,
  nodes,
} from '@sluice/kube';
import { count, type Fleet, leavingOf, shareOf } from '../slots/ledger.js';
import { follow } from './follow.js';
import { obstacles } from './obstacles.js';

export interface DrainContext {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly print: (line: string) => void;
}

export interface DrainOptions {
  /** Until when it is followed: not at all, it holds no slots, it serves no connections of before either. */
  readonly wait: 'no' | 'slots' | 'connections';
  readonly timeoutMs: number;
  readonly force: boolean;
}

const fieldManager = 'sluicectl';

/** Throws ConfigError SLUICE_GATEWAY_UNKNOWN, SLUICE_DRAIN_REFUSED, RemoteError SLUICE_WAIT_TIMEOUT. */
export async function drain(name: string, options: DrainOptions, context: DrainContext): Promise<void> {
  const { client, print } = context;
  const fleet = await readFleet(client);
  const gateway = find(name, fleet);
  if (!options.force && !gateway.spec.draining) await refuseUseless(name, fleet, client);
  await ask(client, name, true);
  const { held } = shareOf(name, fleet.pools);
  print(`${name} drains; ${count(held, 'slot')} to give away`);
  if (options.wait === 'no') {
    print(`  follow it: sluicectl drain ${name} --wait`);
    return;
  }
  const last = await followDrain(name, options, context);
  for (const line of advice(name, last)) print(`  ${line}`);
}

/** As `drain`; with `wait` until the gateway works and has every slot that it should have. */
export async function undrain(
  name: string,
  { wait, timeoutMs }: { readonly wait: boolean; readonly timeoutMs: number },
  context: DrainContext,
): Promise<void> {
  const { client, clock, print } = context;
  const gateway = find(name, await readFleet(client));
  await ask(client, name, false);
  print(`${name} takes slots again; they come back by planned moves, none within a minute of its last one`);
  if (await isCordoned(client, gateway.spec.nodeName)) {
    print(
      `  but its node is cordoned, so that it goes on draining: kubectl uncordon ${gateway.spec.nodeName}`,
    );
    if (wait) return;
  }
  if (!wait) return;
  const progress = new Progress(print);
  await follow({
    client,
    clock,
    timeoutMs,
    what: `${name} to hold its slots`,
    look: ({ gateways, pools }) => {
      const now = gateways.find(({ metadata }) => metadata.name === name);
      const { held, missing } = shareOf(name, pools);
      const state = now?.status?.state ?? 'gone';
      progress.tell(`${name} is ${state}; it holds ${count(held, 'slot')}, ${String(missing)} still to come`);
      return now?.spec.draining === false && state === 'Ready' && missing === 0;
    },
  });
}

async function readFleet(client: KubeClient): Promise<Fleet> {
  const [gateways, pools] = await Promise.all([client.listAll(egressGateways), client.listAll(egressPools)]);
  return { gateways, pools };
}

function find(name: string, { gateways }: Fleet): EgressGateway {
  const found = gateways.find(({ metadata }) => metadata.name === name);
  if (found !== undefined) return found;
  const names = gateways.map(({ metadata }) => metadata.name).toSorted();
  const there = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
  throw new ConfigError('SLUICE_GATEWAY_UNKNOWN', { message: `there is no EgressGateway ${name}; ${there}` });
}

async function refuseUseless(name: string, fleet: Fleet, client: KubeClient): Promise<void> {
  const reasons = [...obstacles(name, fleet), ...(await withoutStore(client))];
  if (reasons.length === 0) return;
  const message = `${name} is not drained: ${reasons.join('; ')}. --force drains it nevertheless`;
  throw new ConfigError('SLUICE_DRAIN_REFUSED', { message });
}

/** Where gateways do not coordinate, slots stay where they are. Who may not read the settings is not kept from draining. */
async function withoutStore(client: KubeClient): Promise<readonly string[]> {
  const ref = { namespace: 'sluice-system', name: 'sluice-config' };
  const data = (await readable(client.find(configMaps, ref)))?.data;
  const { SLUICE_REDIS_URL = '', SLUICE_REDIS_SENTINELS = '' } = data ?? {};
  if (data === undefined || SLUICE_REDIS_URL + SLUICE_REDIS_SENTINELS !== '') return [];
  return ['no Redis is set in ConfigMap sluice-config, and without it slots never move'];
}

async function isCordoned(client: KubeClient, name: string): Promise<boolean> {
  const node = await readable(client.find(nodes, { name }));
  return node?.spec?.unschedulable === true;
}

/** Undefined also where the user may not read. */
const readable = <T>(answer: Promise<T | undefined>): Promise<T | undefined> =>
  answer.catch((error: unknown) => {
    if (error instanceof KubeRefusedError && error.status === 403) return undefined;
    throw error;
  });

const ask = (client: KubeClient, name: string, draining: boolean): Promise<EgressGateway> =>
  client.patch(egressGateways, { name }, { spec: { draining } }, { fieldManager });

async function followDrain(name: string, options: DrainOptions, context: DrainContext) {
  const { client, clock, print } = context;
  const progress = new Progress(print);
  let last = { held: 0, shared: 0, leaving: 0 };
  await follow({
    client,
    clock,
    timeoutMs: options.timeoutMs,
    what:
      options.wait === 'slots'
        ? `${name} to hold no slots`
        : `${name} to hold no slots and to serve no connections of before`,
    look: (fleet) => {
      last = { ...shareOf(name, fleet.pools), leaving: leavingOf(name, fleet) };
      const { held, shared, leaving } = last;
      const older = [
        shared === 0 ? '' : `; ${count(shared, 'slot')} with connections of before`,
        shared > 0 || leaving === 0 ? '' : `; the nodes turn away from ${count(leaving, 'slot')}`,
      ];
      progress.tell(`${name} holds ${held === 0 ? 'no slots' : count(held, 'slot')}${older.join('')}`);
      return held === 0 && (options.wait === 'slots' || (shared === 0 && leaving === 0));
    },
  });
  return last;
}

const advice = (
  name: string,
  { shared, leaving }: { readonly shared: number; readonly leaving: number },
): readonly string[] => [
  ...(shared === 0 && leaving === 0
    ? ['nothing depends on it any more: Open vSwitch and the node may be restarted']
    : [
        `connections of before still pass through it, until they end, for five minutes at most`,
        `wait for them before you restart Open vSwitch or the node: sluicectl drain ${name} --wait-connections`,
      ]),
  `undo: sluicectl undrain ${name}`,
];

/** A line for every change, and no line twice. */
class Progress {
  private last = '';

  constructor(private readonly print: (line: string) => void) {}

  tell(line: string): void {
    if (line === this.last) return;
    this.last = line;
    this.print(line);
  }
}
