/** What breaks, in which order, and what may come of it: one entry for each row of the chaos table. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { holdDownSeconds } from '@sluice/lab';
import { pause, until } from '../lab/until.js';
import { type Cluster } from './cluster.js';

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** Of the lab; more than the lab has are added. */
  readonly gateways: number;
  /** A planned move: the former holder goes on with the connections that it knows. */
  readonly planned: boolean;
  /** Live connections beside the others. */
  readonly connections: number;
  /** A promise in numbers is measured by it. */
  readonly headline?: true;
  /** Before the traffic starts. */
  readonly before?: (cluster: Cluster, holder: string) => Promise<void>;
  /** Resolves when all that is to come of it has come; gives the gateways that are dead then. */
  readonly strike: (cluster: Cluster, holder: string, startClock: () => void) => Promise<readonly string[]>;
  /** How long `strike` takes since it last started the clock is a result: the row's name, and how many seconds it may be. */
  readonly timed?: { readonly row: string; readonly atMost: number };
  /** Puts back what `strike` broke, after the traffic has ended. */
  readonly mend: (cluster: Cluster, holder: string) => Promise<void>;
}

const heals = (cluster: Cluster, holder: string): Promise<void> => cluster.heal(holder);
const common = {
  gateways: 2,
  planned: false,
  connections: 0,
  mend: heals,
} as const;

/** Milliseconds that something is away for. */
const away = 5000;

type Fault = 'process' | 'ovs' | 'node' | 'uplink' | 'underlay';

/** Something of the holder breaks, and another gateway takes over. */
const takeover =
  (...faults: readonly Fault[]) =>
  async (cluster: Cluster, holder: string): Promise<readonly string[]> => {
    await Promise.all(faults.map((how) => cluster.fail(how, holder)));
    await cluster.leaves(holder);
    return [holder];
  };

/** Something is away for a time and comes back. */
const outage =
  (ms: number, begin: (cluster: Cluster, holder: string) => Promise<void>) =>
  async (cluster: Cluster, holder: string): Promise<readonly string[]> => {
    await begin(cluster, holder);
    await pause(ms);
    await cluster.heal();
    // Back for long enough that wrong conclusions would show.
    await pause(3000);
    return [];
  };

/** The moves of a gateway that returns may take so long after the hold-down. */
const movesSeconds = 10;

const takeovers: readonly Scenario[] = [
  { ...common, id: 'node_death', headline: true, title: 'gateway node killed', strike: takeover('node') },
  { ...common, id: 'ovs_death', headline: true, title: 'ovs-vswitchd killed', strike: takeover('ovs') },
  {
    ...common,
    id: 'uplink_down',
    headline: true,
    title: 'uplink dead behind the switch',
    strike: takeover('uplink'),
  },
  {
    ...common,
    id: 'underlay_down',
    headline: true,
    title: 'underlay dead behind the switch',
    strike: takeover('underlay'),
  },
  {
    ...common,
    id: 'both_down',
    headline: true,
    title: 'uplink and underlay dead',
    strike: takeover('uplink', 'underlay'),
  },
  {
    ...common,
    id: 'node_stops',
    title: 'gateway node stands still for 3 s and goes on',
    strike: outage(3000, (cluster, holder) => cluster.fail('node', holder, 'freeze')),
  },
  {
    ...common,
    id: 'process_dead',
    title: 'gateway process killed and kept dead',
    strike: async (cluster, holder) => {
      await cluster.fail('process', holder, 'hold');
      await cluster.leaves(holder);
      return [holder];
    },
  },
  {
    ...common,
    id: 'process_hangs',
    title: 'gateway process stopped for good (SIGSTOP)',
    strike: async (cluster, holder) => {
      await cluster.fail('process', holder, 'freeze');
      await cluster.leaves(holder);
      return [holder];
    },
  },
  {
    ...common,
    id: 'process_then_underlay',
    title: 'process dead first, its underlay cut then',
    strike: async (cluster, holder) => {
      await cluster.fail('process', holder, 'hold');
      await pause(1000);
      await cluster.fail('underlay', holder);
      await cluster.leaves(holder);
      return [holder];
    },
  },
  {
    ...common,
    id: 'node_death_without_api',
    title: 'gateway node killed while the API server is down for a minute',
    strike: async (cluster, holder) => {
      await cluster.fail('api');
      await cluster.fail('node', holder);
      await pause(60_000);
      await cluster.healCommon();
      await cluster.leaves(holder);
      return [holder];
    },
  },
  {
    ...common,
    id: 'both_return',
    title: 'gateway node and API server dead, both back after 5 s',
    strike: async (cluster, holder) => {
      await cluster.fail('api');
      await cluster.fail('node', holder);
      await pause(away);
      // The API server, and the node at once: agents have not heard of the failover then.
      await cluster.heal(holder);
      await cluster.leaves(holder);
      await pause(away);
      return [];
    },
  },
  {
    ...common,
    id: 'flapping',
    title: 'ovs-vswitchd killed three times, every two seconds',
    strike: async (cluster, holder) => {
      for (let time = 0; time < 3; time++) {
        await cluster.fail('ovs', holder);
        await pause(2000);
      }
      return [];
    },
  },
];

const outages: readonly Scenario[] = [
  {
    ...common,
    id: 'process_crash',
    headline: true,
    title: 'gateway process killed, and restarted by its supervisor',
    strike: async (cluster, holder) => {
      await cluster.fail('process', holder);
      await pause(away);
      return [];
    },
  },
  {
    ...common,
    id: 'process_stopped',
    title: 'gateway process stopped for 3 s',
    strike: outage(3000, (cluster, holder) => cluster.fail('process', holder, 'freeze')),
  },
  {
    ...common,
    id: 'redis_cut',
    title: 'holder cut off from Redis for 5 s',
    strike: outage(away, (cluster, holder) => cluster.fail('redis-link', holder)),
  },
  {
    ...common,
    id: 'api_cut',
    title: 'holder cut off from the API server for 5 s',
    strike: outage(away, (cluster, holder) => cluster.fail('api-link', holder)),
  },
  {
    ...common,
    id: 'redis_api_cut',
    title: 'holder cut off from both for 5 s',
    strike: outage(away, async (cluster, holder) => {
      await cluster.fail('redis-link', holder);
      await cluster.fail('api-link', holder);
    }),
  },
  {
    ...common,
    id: 'redis_killed',
    title: 'Redis killed, empty again after 5 s',
    strike: outage(away, (cluster) => cluster.fail('redis')),
  },
  {
    ...common,
    id: 'redis_paused',
    title: 'Redis stopped for 5 s',
    strike: outage(away, (cluster) => cluster.fail('redis', undefined, 'freeze')),
  },
  {
    ...common,
    id: 'redis_clock_stepped',
    title: "Redis's clock set an hour ahead for 5 s, and back",
    strike: outage(away, (cluster) => cluster.fail('redis-clock')),
  },
  {
    ...common,
    id: 'redis_flushed',
    title: 'Redis flushed',
    strike: outage(0, async (cluster) => {
      await cluster.redis('FLUSHALL');
    }),
  },
  {
    ...common,
    id: 'redis_old_snapshot',
    title: 'Redis back from a snapshot that names the former holder',
    before: async (cluster, holder) => {
      await cluster.redis('SAVE');
      await cluster.drain(holder, true);
      await cluster.leaves(holder);
      await cluster.drain(holder, false);
      await cluster.settled();
    },
    strike: outage(1000, (cluster) => cluster.fail('redis')),
    mend: (cluster) => rm(join(cluster.plan.directory, 'redis', 'dump.rdb'), { force: true }),
  },
];

const plannedMoves: readonly Scenario[] = [
  {
    ...common,
    id: 'drain',
    headline: true,
    title: 'planned drain with 1,000 live connections',
    planned: true,
    connections: 500,
    strike: async (cluster, holder) => {
      await cluster.drain(holder, true);
      await cluster.leaves(holder);
      await pause(2000);
      return [];
    },
    mend: (cluster, holder) => cluster.drain(holder, false),
  },
  {
    ...common,
    id: 'return',
    title: 'a gateway returns and gets its share back',
    planned: true,
    timed: { row: 'share_back_s', atMost: holdDownSeconds + movesSeconds },
    before: async (cluster, holder) => {
      await cluster.fail('node', holder);
      await cluster.leaves(holder);
    },
    strike: async (cluster, holder, startClock) => {
      const [back = ''] = cluster.gateways.filter((name) => name !== holder);
      await cluster.heal(back);
      await cluster.reached();
      startClock();
      await until(
        `${back} to have its share`,
        async () => {
          const { held, wanted } = await cluster.sharesOf(back);
          return held === wanted || undefined;
        },
        180_000,
      );
      return [];
    },
    mend: () => Promise.resolve(),
  },
];

const moreGateways: readonly Scenario[] = [
  {
    ...common,
    id: 'node_death_of_3',
    title: 'one of three gateway nodes killed',
    gateways: 3,
    strike: takeover('node'),
  },
  {
    ...common,
    id: 'two_nodes_of_4',
    title: 'two of four gateway nodes killed at once',
    gateways: 4,
    strike: async (cluster, holder) => {
      const other = cluster.gateways.find((name) => name !== holder) ?? '';
      await Promise.all([cluster.fail('node', holder), cluster.fail('node', other)]);
      const dead = [holder, other];
      await until(
        'the address to have a living holder',
        async () => {
          const now = await cluster.holder();
          return now !== undefined && !dead.includes(now) ? now : undefined;
        },
        180_000,
      );
      return dead;
    },
    mend: (cluster) => cluster.heal(),
  },
];

export const scenarios: readonly Scenario[] = [...takeovers, ...outages, ...plannedMoves, ...moreGateways];
