/** One profile from its beginning to its result. */
import { scaled, type Stage, totalSeconds } from './arrivals.js';
import { KubectlCluster } from './churn/cluster.js';
import { type Churned, type ChurnTime, underChurn } from './churn/under-churn.js';
import { Load, type LoadPlan, type LoadRun } from './load.js';
import { Outcome, type Window } from './outcome.js';
import { findPlaces, type Place, requireAnswers, visitPlace } from './places.js';
import { mostUnderWay, type Profile } from './profiles.js';
import { type Result, resultOf } from './result.js';
import { type Settings } from './settings.js';
import { brokenBy } from './thresholds.js';

export interface RunOptions {
  readonly signal: AbortSignal;
  /** A line for people, while it runs. */
  readonly told: (line: string) => void;
}

/** Beyond them times say more of this process than of the cluster. */
const mostBusy = 0.8;
const mostLateMs = 100;

const peakOf = (stages: readonly Stage[]): number =>
  Math.round(Math.max(...stages.flatMap(({ from, to }) => [from, to])));

function placeAt(places: readonly Place[], at: number): Place {
  const place = places[at];
  if (place === undefined) throw new RangeError(`there is no target ${at}`);
  return place;
}

type Parts = Pick<LoadPlan, 'stages' | 'outcome'>;

function loadOf(
  profile: Profile,
  places: readonly Place[],
  parts: Parts,
  { told, signal }: RunOptions,
): Load {
  const judge = (window: Window): string | undefined => {
    const { untilSeconds, failed, notStarted } = window;
    if (failed + notStarted > 0)
      told(`${untilSeconds} s: ${failed} failed, ${notStarted} could not be started`);
    return profile.kind === 'breakpoint' ? brokenBy(window, profile.limits) : undefined;
  };
  return new Load({
    ...parts,
    visit: (at, from) => visitPlace(placeAt(places, at), from),
    sources: places.map(({ sources }) => sources),
    mostUnderWay,
    windowSeconds: profile.windowSeconds,
    judge,
    signal,
  });
}

async function run(
  load: Load,
  cluster: KubectlCluster | undefined,
  time: ChurnTime,
): Promise<readonly [LoadRun, Churned]> {
  if (cluster !== undefined) return underChurn(cluster, time, () => load.run());
  return [await load.run(), { deeds: [], notes: [] }];
}

function notesOf({ endpoints }: Settings, busyShare: number, lateP99Ms: number): readonly string[] {
  const unknown = 'LOAD_ENDPOINTS is not set: endpoints that nobody met are not missed in the spread';
  const busy = 'this machine had too much to do: times are its own, and not those of the cluster';
  return [
    ...(endpoints === undefined ? [unknown] : []),
    ...(busyShare > mostBusy || lateP99Ms > mostLateMs ? [busy] : []),
  ];
}

/** Throws SettingsError, NobodyThere or ClusterError before a load is sent. */
export async function runProfile(profile: Profile, settings: Settings, options: RunOptions): Promise<Result> {
  const places = await findPlaces(settings);
  await requireAnswers(places);
  const cluster = profile.kind === 'churn' ? await KubectlCluster.open(settings.cluster) : undefined;
  const stages = scaled(profile.stages, settings.scale);
  const outcome = new Outcome(settings.targets);
  const load = loadOf(profile, places, { stages, outcome }, options);
  const seconds = totalSeconds(stages);
  const peakRate = peakOf(stages);
  const { name, about, kind } = profile;
  options.told(`${name}: ${about}: up to ${peakRate}/s, ${Math.round(seconds)} s, ${places.length} targets`);
  const at = new Date().toISOString();
  const before = performance.eventLoopUtilization();
  const [ran, { deeds, notes }] = await run(load, cluster, { ...options, seconds });
  const busyShare = performance.eventLoopUtilization(before).utilization;
  return resultOf(
    {
      profile: name,
      kind,
      about,
      at,
      peakRate,
      deeds,
      busyShare,
      notes: [...notes, ...notesOf(settings, busyShare, ran.lateP99Ms)],
    },
    ran,
    outcome,
    { endpoints: settings.endpoints, lives: cluster?.lives ?? new Map() },
  );
}
