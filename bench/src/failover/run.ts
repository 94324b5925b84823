/** One run of one scenario: traffic, the fault, what the traffic and a witness on the uplink saw. */
import { allLanes, crowdLanes, dualFrames, type LaneReport, type TrafficReport } from '@sluice/lab';
import { monotonicSeconds } from '../harness/measure.js';
import { pause } from '../lab/until.js';
import { type Cluster, egress } from './cluster.js';
import { type Scenario } from './scenarios.js';

export interface Outcome {
  readonly lostPings: number;
  readonly lostDatagrams: number;
  /** Milliseconds, the longer one of the two families. */
  readonly pingGapMs: number;
  readonly tcpStallMs: number;
  readonly newConnectionMs: number;
  /** From the fault, or from when the scenario started the clock, until all that came of it had come. */
  readonly strikeSeconds: number;
  /** Established connections. */
  readonly broken: number;
  /** Connections that could not be made; a client waits ten seconds. */
  readonly failedNew: number;
  readonly dualFrames: number;
  readonly slotsWithoutHolder: number;
  /** Answers for which the server saw another address. */
  readonly otherAddress: number;
  /** Texts of what broke, for whoever looks for the cause. */
  readonly errors: readonly string[];
}

/** Warmed up before the fault, and on its way again after it. */
const aroundMs = 1500;
/** All live connections are open then. */
const crowdMs = 8000;

export async function runOnce(cluster: Cluster, scenario: Scenario): Promise<Outcome> {
  await cluster.balanced();
  const first = await cluster.currentHolder();
  await scenario.before?.(cluster, first);
  const holder = await cluster.currentHolder();
  const { connections } = scenario;
  const crowd = connections === 0 ? undefined : cluster.traffic(crowdLanes(cluster.server, connections));
  if (crowd !== undefined) await pause(crowdMs);
  const witness = await cluster.witness();
  const traffic = cluster.traffic(allLanes(cluster.server));
  await pause(aroundMs);
  try {
    let began = monotonicSeconds();
    const dead = await scenario.strike(cluster, holder, () => {
      began = monotonicSeconds();
    });
    const strikeSeconds = monotonicSeconds() - began;
    await pause(aroundMs);
    const slotsWithoutHolder = await cluster.withoutHolder(dead);
    traffic.end();
    const report = await traffic.report();
    // Not before: what a thousand connections cost that end at once is not what is measured.
    for (const part of [crowd, witness]) part?.end();
    const [frames, others] = await Promise.all([witness.frames(), crowd?.report()]);
    return {
      ...judge({ ...report, ...others }),
      strikeSeconds,
      slotsWithoutHolder,
      dualFrames: dualFrames(frames, scenario).length,
    };
  } finally {
    for (const part of [traffic, crowd, witness]) part?.end();
    await scenario.mend(cluster, holder);
  }
}

function judge(report: TrafficReport): Omit<Outcome, 'dualFrames' | 'slotsWithoutHolder' | 'strikeSeconds'> {
  const of = (...names: readonly string[]): readonly LaneReport[] =>
    Object.entries(report)
      .filter(([lane]) => names.some((name) => lane.startsWith(name)))
      .map(([, found]) => found);
  const longest = (lanes: readonly LaneReport[]): number =>
    Math.max(...lanes.map(({ longestGapMs }) => longestGapMs));
  const sum = (lanes: readonly LaneReport[], count: (lane: LaneReport) => number): number =>
    lanes.reduce((total, lane) => total + count(lane), 0);
  const established = of('tcp', 'push', 'many');
  return {
    lostPings: sum(of('ping'), ({ lost }) => lost),
    lostDatagrams: sum(of('udp'), ({ lost }) => lost),
    pingGapMs: longest(of('ping')),
    tcpStallMs: longest(of('tcp', 'push')),
    newConnectionMs: longest(of('new')),
    broken: sum(established, ({ errors, lost }) => Math.max(Object.keys(errors).length, lost > 0 ? 1 : 0)),
    failedNew: sum(of('new'), ({ lost }) => lost),
    otherAddress: sum(of('tcp', 'udp', 'new', 'many'), ({ seen }) =>
      Object.entries(seen).reduce((total, [address, count]) => total + (isOurs(address) ? 0 : count), 0),
    ),
    errors: Object.entries(report).flatMap(([lane, { errors, lost }]) => [
      ...Object.entries(errors).map(([text, count]) => `${lane}: ${text} (${count})`),
      ...(lost > 0 && !lane.startsWith('ping') && !lane.startsWith('udp') ? [`${lane}: ${lost} lost`] : []),
    ]),
  };
}

const isOurs = (address: string): boolean => Object.values<string>(egress).includes(address);
