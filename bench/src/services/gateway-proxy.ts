/** Sluice's gateway in the lab. */
import { fail, nodeOf, processesOf, residentMb, statusPorts, type LabPlan } from '@sluice/lab';
import { seconds } from '../harness/measure.js';
import { type Buckets, bucketsIn } from './histogram.js';
import { idle, metricsIn, type ServiceProxy, sumOf, synced } from './proxy.js';

const changeMetric = 'sluice_change_seconds';
const labels = ['resource="'] as const;

export class GatewayProxy implements ServiceProxy {
  readonly name = 'sluice gateway';
  private readonly node;

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
    const before = this.pid;
    return seconds(async () => {
      await fail(this.plan, 'process', this.node);
      await fail(this.plan, 'ovs', this.node);
      await synced('the gateway to have programmed everything', async () => {
        const [pid] = processesOf(this.node, 'process');
        if (pid === undefined || pid === before) return false;
        return sumOf((await this.metrics()) ?? '', 'sluice_commits_total') > 0;
      });
    });
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
