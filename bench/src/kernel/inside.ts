/** Runs in the kernel of the lane: `inside.js RESULT RUNS` writes what each way carried as JSON. */
import { writeFileSync } from 'node:fs';
import {
  families,
  type Family,
  gatewayAddresses,
  hostPort,
  KernelCluster,
  nodePorts,
  type Pair,
  podAddresses,
  programPath,
  targetPorts,
} from '@sluice/lab';
import { until } from '../lab/until.js';
import { modes, Peer } from './peer.js';
import { type LaneResult, type Way, works } from './result.js';
import { addRoutedWay } from './routed.js';

const [result = '', runs = ''] = process.argv.slice(2);
const patienceMs = 120_000;
const say = (text: string): void => console.error(`kernel lane: ${text}`);

interface Rate {
  readonly perSecond: number;
  readonly failed: number;
}

type Work = keyof typeof works;

/** Where a way answers. */
interface Front {
  readonly addresses: Pair;
  readonly ports: typeof nodePorts | typeof targetPorts;
}

interface Asked {
  readonly what: Work;
  readonly front: Front;
  readonly family: Family;
  readonly seconds: number;
}

async function rate(cluster: KernelCluster, { what, front, family, seconds }: Asked): Promise<Rate> {
  const target = hostPort(front.addresses[family], front.ports[works[what].port]);
  const command = [programPath('traffic'), 'rate', what, target, `--for=${String(seconds)}s`];
  return JSON.parse(await cluster.hosts.outside.run(...command)) as Rate;
}

async function answers(cluster: KernelCluster, way: string, front: Front): Promise<void> {
  for (const family of families) {
    const asked = { what: 'connects', front, family, seconds: 0.2 } as const;
    await until(
      `${way} to answer at ${front.addresses[family]}`,
      async () => {
        const { perSecond } = await rate(cluster, asked).catch(() => ({ perSecond: 0 }));
        return perSecond > 0 ? true : undefined;
      },
      patienceMs,
    );
  }
  say(`${way} answers`);
}

async function measure(cluster: KernelCluster): Promise<LaneResult> {
  const served = (addresses: Pair): Front => ({ addresses, ports: nodePorts });
  const ways = new Map<Way, Front>([['sluice', served(gatewayAddresses)]]);
  const peers: Peer[] = [];
  for (const mode of modes) {
    const peer = await Peer.add(cluster, mode);
    peers.push(peer);
    ways.set(mode, served(peer.addresses));
  }
  await addRoutedWay(cluster);
  ways.set('routed', { addresses: podAddresses, ports: targetPorts });
  for (const [way, front] of ways) await answers(cluster, way, front);
  const rounds = () => rates(cluster, ways);
  return cluster.alone(
    rounds,
    peers.map(({ process }) => process),
  );
}

/** One way after the other in each round: what else the machine does meets all of them. */
async function rates(cluster: KernelCluster, ways: ReadonlyMap<Way, Front>): Promise<LaneResult> {
  const samples: LaneResult['samples'][number][] = [];
  for (let run = 1; run <= Number(runs); run++)
    for (const what of ['connects', 'bytes'] as const)
      for (const family of families)
        for (const [way, front] of ways) {
          const { seconds } = works[what];
          const { perSecond, failed } = await rate(cluster, { what, front, family, seconds });
          samples.push({ way, family, what, perSecond, failed });
          say(`${what} ${family} ${way} ${run}/${runs}: ${perSecond.toFixed(0)} (${failed} failed)`);
        }
  return { samples };
}

const cluster = await KernelCluster.start();
say('API server runs');
try {
  await cluster.hosts.pod.start('sink', [programPath('traffic'), 'sink']);
  await cluster.install();
  await cluster.expose();
  writeFileSync(result, JSON.stringify(await measure(cluster)));
} catch (error) {
  say(cluster.logs());
  throw error;
}
process.exit(0);
