/** Sluice's gateway in the lab. */
import { fail, nodeOf, processesOf, residentMb, statusPorts, type LabPlan } from '@sluice/lab';
import { unixSeconds } from '../harness/measure.js';
import { pause } from '../lab/until.js';
import { type Buckets, bucketsIn } from './histogram.js';
import { doneAt, idle, metricsIn, type ServiceProxy, sumOf } from './proxy.js';

/**
 * What died less than ten seconds before is started again a second later (deploy/images/supervise): that second is no part
 * of a cold sync.
 */
const calmMs = 12_000;
const changeMetric = 'sluice_change_seconds';
const labels = ['resource="'] as const;

export class GatewayProxy implements ServiceProxy {
  readonly name = 'sluice gateway';
  private readonly node;
  private diedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly plan: LabPlan,
    node: string,
  ) {
    this.node = nodeOf(plan, node);
  }

  private metrics(): Promise<string | undefined> {
    return metricsIn(this.node.namespace, statusPorts.gateway);
  }

  private get pid(): number {
    const [pid] = processesOf(this.node, 'process');
    if (pid === undefined) throw new Error(`no gateway runs on ${this.node.name}`);
    return pid;
  }

  /** Process and ovs-vswitchd die together: nothing is installed when both are back. */
  async coldSync(): Promise<number> {
    await pause(Math.max(0, this.diedAt + calmMs - performance.now()));
    const before = this.pid;
    this.diedAt = performance.now();
    const began = unixSeconds();
    await fail(this.plan, 'process', this.node);
    await fail(this.plan, 'ovs', this.node);
    const done = await doneAt('the gateway to have programmed everything', async () => {
      const [pid] = processesOf(this.node, 'process');
      if (pid === undefined || pid === before) return 0;
      return sumOf((await this.metrics()) ?? '', 'sluice_first_commit_timestamp_seconds');
    });
    return done - began;
  }

  residentMb(): number {
    return residentMb(this.pid);
  }

  async changeTimes(): Promise<Buckets> {
    return bucketsIn((await this.metrics()) ?? '', changeMetric, labels);
  }

  idle(): Promise<void> {
    return idle(this.name, () => this.changeTimes(), 2000);
  }
}
