/** Publishes where gateways reach this node, and tells about problems by events on the Node. */
import { type KubeClient, nodes } from '@sluice/kube';
import { tunnelAddressAnnotation } from '@sluice/model';
import { type ProblemEvents } from './problem-events.js';
import { type NodeReport, type Reporter } from './reporter.js';

export interface AgentReporterOptions {
  readonly client: KubeClient;
  readonly nodeName: string;
  readonly events: ProblemEvents;
}

export class AgentReporter implements Reporter {
  constructor(private readonly options: AgentReporterOptions) {}

  async report({ world, problem, tunnelAddress }: NodeReport): Promise<void> {
    const { client, nodeName, events } = this.options;
    const node = world.nodes.find(({ metadata }) => metadata.name === nodeName);
    if (node === undefined) return;
    events.tell({ kind: 'Node', name: nodeName, uid: node.metadata.uid ?? nodeName }, problem);
    if (tunnelAddress === undefined) return;
    if (node.metadata.annotations?.[tunnelAddressAnnotation] === tunnelAddress) return;
    const annotations = { [tunnelAddressAnnotation]: tunnelAddress };
    await client.patch(
      nodes,
      { name: nodeName },
      { metadata: { annotations } },
      { fieldManager: 'sluice-agent' },
    );
  }
}
