/** The suite `failover`: everything that can break, under traffic, ten times or more, and what it cost. */
import { describeError, runProgram } from '@sluice/core';
import { percentile } from '../harness/measure.js';
import { type Measurement, type Row, toRow } from '../harness/row.js';
import { type Suite, type SuiteContext } from '../harness/suite.js';
import { labDown, labUp } from '../lab/lab.js';
import { Cluster } from './cluster.js';
import { crowdId, crowdRows, removeCrowd } from './crowd.js';
import { type Outcome, runOnce } from './run.js';
import { runsAtMost } from './runs.js';
import { type Scenario, scenarios } from './scenarios.js';
import { chaosLine, chaosTable } from './table.js';

const ownLab = 'bench';
const p99 = (samples: readonly number[]): number => percentile(samples, 99);
const most = (samples: readonly number[]): number => Math.max(...samples);

const fullRuns = 10;
/** What the promises are measured by keeps its number, whoever is in a hurry. */
const runsOf = ({ headline }: Scenario): number => (headline === true ? fullRuns : runsAtMost(fullRuns));

/** `only`: one id, or several with commas between them. */
const isWanted = (only: string | undefined, id: string): boolean =>
  only === undefined || only.split(',').includes(id);

const wanted = ({ only }: SuiteContext): readonly Scenario[] =>
  scenarios.filter(({ id }) => isWanted(only, id));

/** All runs of one scenario. */
interface Series {
  readonly outcomes: readonly Outcome[];
  /** Runs that did not get to their end; they are not in `outcomes`. */
  readonly unfinished: number;
}

/** Every scenario; gives how many runs did not come to their end. */
async function* onLab(name: string, context: SuiteContext): AsyncGenerator<Measurement, readonly number[]> {
  const unfinished: number[] = [];
  const measured: Measurement[] = [];
  let cluster = await Cluster.open(name);
  await cluster.prepare();
  try {
    for (const scenario of wanted(context)) {
      if (scenario.gateways > cluster.gateways.length) {
        await labUp(name, '--gateways', String(scenario.gateways));
        cluster = await Cluster.open(name);
        await cluster.prepare();
      }
      const series = await runAll(cluster, scenario, context);
      unfinished.push(series.unfinished);
      const rows = series.outcomes.length > 0 ? [...rowsOf(scenario, series.outcomes)] : [];
      measured.push(...rows);
      yield* rows;
    }
    console.log(chaosTable(scenarios, measured.map(toRow), new Date().toISOString()));
  } finally {
    await cluster.close();
  }
  return unfinished;
}

/** A run that did not get to its end is told, counted and put back; the others go on. */
async function runAll(cluster: Cluster, scenario: Scenario, { progress }: SuiteContext): Promise<Series> {
  const outcomes: Outcome[] = [];
  const runs = runsOf(scenario);
  for (let run = 1; run <= runs; run++) {
    try {
      const outcome = await runOnce(cluster, scenario);
      outcomes.push(outcome);
      progress(`${scenario.id} ${run}/${runs}: ${chaosLine(outcome)}`);
    } catch (error) {
      progress(`${scenario.id} ${run}/${runs}: UNFINISHED: ${describeError(error)}`);
      await cluster.repair();
    }
  }
  return { outcomes, unfinished: runs - outcomes.length };
}

const wantsCrowd = ({ only }: SuiteContext): boolean => isWanted(only, crowdId);

/** On a lab of two gateways; gives how many series did not come to their end. */
async function* withCrowd(
  name: string,
  context: SuiteContext,
): AsyncGenerator<Measurement, readonly number[]> {
  const cluster = await Cluster.open(name);
  await cluster.prepare();
  try {
    yield* crowdRows(cluster, context);
    return [0];
  } catch (error) {
    context.progress(`${crowdId}: UNFINISHED: ${describeError(error)}`);
    await cluster.repair();
    return [1];
  } finally {
    // A lab of the suite's own goes down as a whole.
    if (context.lab !== undefined) {
      await removeCrowd(cluster);
      await cluster.close();
    }
  }
}

/** Of every scenario by itself. */
function* rowsOf({ id, timed }: Scenario, outcomes: readonly Outcome[]): Generator<Measurement> {
  const of = (pick: (outcome: Outcome) => number) => outcomes.map(pick);
  yield { id: `${id}.ping_gap_ms_p99`, unit: 'ms', samples: of(({ pingGapMs }) => pingGapMs), of: p99 };
  yield { id: `${id}.tcp_stall_ms_p99`, unit: 'ms', samples: of(({ tcpStallMs }) => tcpStallMs), of: p99 };
  yield {
    id: `${id}.new_connection_ms_p99`,
    unit: 'ms',
    samples: of(({ newConnectionMs }) => newConnectionMs),
    of: p99,
  };
  yield { id: `${id}.lost_pings`, unit: '1', samples: of(({ lostPings }) => lostPings) };
  yield {
    id: `${id}.lost`,
    unit: '1',
    samples: of(({ lostPings, lostDatagrams }) => lostPings + lostDatagrams),
    of: most,
  };
  yield { id: `${id}.broken`, unit: '1', samples: of(({ broken }) => broken), of: most };
  yield { id: `${id}.new_failed`, unit: '1', samples: of(({ failedNew }) => failedNew), of: most };
  yield { id: `${id}.dual_frames`, unit: '1', samples: of(({ dualFrames }) => dualFrames), of: most };
  yield {
    id: `${id}.without_holder`,
    unit: '1',
    samples: of(({ slotsWithoutHolder }) => slotsWithoutHolder),
    of: most,
  };
  if (timed === undefined) return;
  const { row, atMost } = timed;
  yield {
    id: `${id}.${row}`,
    unit: 's',
    samples: of(({ strikeSeconds }) => strikeSeconds),
    of: most,
    goal: { atMost },
  };
}

const unplanned = ['node_death', 'ovs_death', 'uplink_down', 'underlay_down', 'both_down'];
const redisOutages = [
  'redis_cut',
  'redis_api_cut',
  'redis_killed',
  'redis_paused',
  'redis_clock_stepped',
  'redis_flushed',
  'redis_old_snapshot',
];
const anything = scenarios.map(({ id }) => id);

/** A promise is about the worst run of these rows of these scenarios. */
interface Promised {
  readonly id: string;
  readonly unit: string;
  readonly scenarios: readonly string[];
  readonly rows: readonly string[];
  readonly atMost: number;
}

const promised: readonly Promised[] = [
  {
    id: 'node_death_restore_ms_p99',
    unit: 'ms',
    scenarios: ['node_death'],
    rows: ['ping_gap_ms_p99', 'new_connection_ms_p99'],
    atMost: 1000,
  },
  {
    id: 'node_death_tcp_stall_ms_p99',
    unit: 'ms',
    scenarios: ['node_death'],
    rows: ['tcp_stall_ms_p99'],
    atMost: 1000,
  },
  { id: 'connections_broken', unit: '1', scenarios: unplanned, rows: ['broken'], atMost: 0 },
  { id: 'dual_holder_packets', unit: '1', scenarios: anything, rows: ['dual_frames'], atMost: 0 },
  { id: 'process_crash_lost', unit: '1', scenarios: ['process_crash'], rows: ['lost'], atMost: 0 },
  { id: 'redis_outage_lost', unit: '1', scenarios: redisOutages, rows: ['lost'], atMost: 0 },
  { id: 'drain_broken', unit: '1', scenarios: ['drain'], rows: ['broken'], atMost: 0 },
  { id: 'drain_lost', unit: '1', scenarios: ['drain'], rows: ['lost'], atMost: 0 },
];

/** What Sluice promises, of all scenarios that have been measured: in this run, or in one that it adds to. */
function* promises(rows: readonly Row[]): Generator<Measurement> {
  for (const { id, unit, scenarios: ids, rows: names, atMost } of promised) {
    const wantedRows = ids.flatMap((scenario) => names.map((name) => `${scenario}.${name}`));
    const found = rows.filter((row) => wantedRows.includes(row.id));
    if (found.length === 0) continue;
    const runs = found.reduce((sum, row) => sum + row.runs, 0) / names.length;
    yield { id, unit, samples: found.map(({ max }) => max), runs, of: most, goal: { atMost } };
  }
}

const unfinishedRuns = (counts: readonly number[]): Measurement => ({
  id: 'unfinished_runs',
  unit: '1',
  samples: counts,
  of: (samples) => samples.reduce((sum, count) => sum + count, 0),
  goal: { atMost: 0 },
});

/** A lab of the suite's own for each part: scenarios add gateways, and the crowd is to be shared by two. */
async function* run(context: SuiteContext): AsyncGenerator<Measurement> {
  const parts = [...(wanted(context).length > 0 ? [onLab] : []), ...(wantsCrowd(context) ? [withCrowd] : [])];
  const unfinished: number[] = [];
  for (const part of parts) {
    const name = context.lab ?? ownLab;
    try {
      if (context.lab === undefined) await labUp(name);
      unfinished.push(...(yield* part(name, context)));
    } finally {
      if (context.lab === undefined) await labDown(name);
    }
  }
  if (unfinished.length > 0) yield unfinishedRuns(unfinished);
}

export const failoverSuite: Suite = {
  name: 'failover',
  description: 'what breaks under traffic, and what it costs',
  versions: async () => {
    const { stdout } = await runProgram({ command: ['ovs-vswitchd', '--version'] });
    return { openvswitch: /\d+\.\d+\S*/.exec(stdout)?.[0] ?? stdout.trim() };
  },
  run,
  summary: promises,
};
