/** The cluster that the command line means. */
import {
  deployments,
  egressAddresses,
  egressGateways,
  egressPools,
  events,
  KubeClient,
  type KubeEvent,
  loadClusterConfig,
  namespaces,
  type TransportOptions,
} from '@sluice/kube';
import { type ClusterObjects } from './status/report.js';

export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** Opens a client for the time of `work`. */
export async function withCluster<T>(
  options: ClusterOptions,
  work: (client: KubeClient) => Promise<T>,
  transport: TransportOptions = {},
): Promise<T> {
  const client = new KubeClient(await loadClusterConfig(options), { userAgent: 'sluicectl', ...transport });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

export async function readObjects(client: KubeClient): Promise<ClusterObjects> {
  const [gateways, pools, addresses, spaces] = await Promise.all([
    client.listAll(egressGateways),
    client.listAll(egressPools),
    client.listAll(egressAddresses),
    client.listAll(namespaces),
  ]);
  return { gateways, pools, addresses, namespaces: spaces };
}

/** Of the controller; undefined: Sluice is not installed. */
export async function installedVersion(client: KubeClient): Promise<string | undefined> {
  const ref = { namespace: 'sluice-system', name: 'sluice-controller' };
  const deployment = await client.find(deployments, ref);
  return deployment?.metadata.labels?.['app.kubernetes.io/version'];
}

/** Events of objects that are in no namespace are in `default`. */
export const gatewayEvents = (client: KubeClient): Promise<readonly KubeEvent[]> =>
  client.listAll(events, { namespace: 'default', fieldSelector: 'regarding.kind=EgressGateway' });

/** For completion: nothing where the cluster does not answer at once. */
export const gatewayNames = (options: ClusterOptions): Promise<readonly string[]> =>
  withCluster(options, (client) => client.listAll(egressGateways), { timeoutMs: 2000 }).then(
    (all) => all.map(({ metadata }) => metadata.name),
    () => [],
  );
