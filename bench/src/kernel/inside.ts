/** Runs in the kernel of the lane: `inside.js RESULT RUNS` writes what each way carried as JSON. */
import { writeFileSync } from 'node:fs';
import { gatewayAddress, KernelCluster, nodePorts, programPath } from '@sluice/lab';
import { until } from '../lab/until.js';
import { modes, Peer } from './peer.js';
import { type LaneResult, type Way, works } from './result.js';

const [result = '', runs = ''] = process.argv.slice(2);
const patienceMs = 120_000;
const say = (text: string): void => console.error(`kernel lane: ${text}`);

interface Rate {
  readonly perSecond: number;
  readonly failed: number;
}

type Work = keyof typeof works;

async function rate(cluster: KernelCluster, what: Work, address: string, seconds: number): Promise<Rate> {
  const target = `${address}:${String(nodePorts[works[what].port])}`;
  const command = [programPath('traffic'), 'rate', what, target, `--for=${String(seconds)}s`];
  return JSON.parse(await cluster.hosts.outside.run(...command)) as Rate;
}

async function answers(cluster: KernelCluster, way: string, address: string): Promise<void> {
  await until(
    `${way} to answer at ${address}`,
    async () => {
      const { perSecond } = await rate(cluster, 'connects', address, 0.2).catch(() => ({ perSecond: 0 }));
      return perSecond > 0 ? true : undefined;
    },
    patienceMs,
  );
  say(`${way} answers`);
}

async function measure(cluster: KernelCluster): Promise<LaneResult> {
  const ways = new Map<Way, string>([['sluice', gatewayAddress]]);
  const peers: Peer[] = [];
  for (const mode of modes) {
    const peer = await Peer.add(cluster, mode);
    peers.push(peer);
    ways.set(mode, peer.address);
  }
  for (const [way, address] of ways) await answers(cluster, way, address);
  const rounds = () => rates(cluster, ways);
  return cluster.alone(
    rounds,
    peers.map(({ process }) => process),
  );
}

/** One way after the other in each round: what else the machine does meets all of them. */
async function rates(cluster: KernelCluster, ways: ReadonlyMap<Way, string>): Promise<LaneResult> {
  const samples: LaneResult['samples'][number][] = [];
  for (let run = 1; run <= Number(runs); run++)
    for (const what of ['connects', 'bytes'] as const)
      for (const [way, address] of ways) {
        const { perSecond, failed } = await rate(cluster, what, address, works[what].seconds);
        samples.push({ way, what, perSecond, failed });
        say(`${what} ${way} ${run}/${runs}: ${perSecond.toFixed(0)} (${failed} failed)`);
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
