/** The host's part of a commit on the real kernel: the bridge's own interfaces up, then everything that hangs on them. */
import { type DesiredBridge, type DesiredHost } from '@sluice/datapath';
import { type HostNetwork, type HostReport, type HostState, type NeighbourChange } from '@sluice/netlink';

export interface HostWriter {
  /** Makes the host's network configuration so; touches nothing that is not Sluice's. */
  write(bridge: DesiredBridge, host: DesiredHost): Promise<HostReport>;
  /** What has changed since `write`, if that is neighbours alone. False: `write` has to look. */
  changeNeighbours(change: NeighbourChange): Promise<boolean>;
}

export class KernelHostWriter implements HostWriter {
  constructor(
    private readonly network: Pick<HostNetwork, 'links' | 'setLink'>,
    private readonly state: HostState,
  ) {}

  async write(bridge: DesiredBridge, host: DesiredHost): Promise<HostReport> {
    await this.bringUp(bridge);
    const { sysctls, addresses, neighbours, routes, rules } = host;
    return this.state.reconcile({ sysctls, addresses, neighbours, routes, rules });
  }

  changeNeighbours(change: NeighbourChange): Promise<boolean> {
    return this.state.changeNeighbours(change);
  }

  /** Open vSwitch makes internal ports, and leaves them down. */
  private async bringUp({ name, ports }: DesiredBridge): Promise<void> {
    const own = new Set([name, ...ports.flatMap((port) => (port.kind === 'internal' ? [port.name] : []))]);
    const down = (await this.network.links()).filter((link) => own.has(link.name) && !link.up);
    for (const link of down) await this.network.setLink(link.name, { up: true });
  }
}
