/**
 * The way to the Pod without Services: a host that routes, translates nothing and tracks nothing. What it carries is the
 * most that this kernel can carry between client and Pod.
 */
import { families, type KernelCluster, outsideAddresses, podAddresses } from '@sluice/lab';
import { modes } from './peer.js';
import { addOverlayHost } from './overlay-host.js';

export async function addRoutedWay(cluster: KernelCluster): Promise<void> {
  const { addresses, link } = await addOverlayHost(cluster, 'routed', modes.length + 1);
  const { outside, worker } = cluster.hosts;
  await outside.ip(...families.map((family) => `route add ${podAddresses[family]} via ${addresses[family]}`));
  // Replies by the gateway have a table of their own, and those to kube-proxy go to its host's address.
  await worker.ip(
    ...families.map(
      (family) => `route add ${outsideAddresses[family]} via ${link.near[family]} dev ${link.device}`,
    ),
  );
}
