/** A node's process in the role of a gateway, and the Lease by which the controller knows that it lives. */
import { type Logger, systemClock } from '@sluice/core';
import { LeaseRenewal } from '@sluice/kube';
import { gatewayLeaseName } from '@sluice/model';
import { GatewayReporter, NodeProcess, ProxyHealth } from '@sluice/node';
import { collectBesideWork, FirstCollection, type HostedProcess, type StatusPages } from '@sluice/runtime';
import { type Registry } from 'prom-client';
import { type GatewaySettings } from './settings.js';

export interface GatewayOptions {
  readonly settings: GatewaySettings;
  readonly logger: Logger;
  readonly registry: Registry;
}

const renewMs = 2000;
const leaseSeconds = 15;

export class Gateway implements HostedProcess {
  private constructor(
    private readonly node: NodeProcess,
    private readonly lease: LeaseRenewal,
    private readonly proxyHealth: ProxyHealth,
    private readonly garbage: FirstCollection,
  ) {}

  static async create({ settings, logger, registry }: GatewayOptions): Promise<Gateway> {
    const nodeName = settings.SLUICE_NODE_NAME;
    const clock = systemClock;
    const node = await NodeProcess.create({
      settings,
      roles: { agent: settings.SLUICE_GATEWAY_IS_WORKER, gateway: true },
      component: 'sluice-gateway',
      clock,
      logger,
      registry,
      reporter: (client, events) =>
        new GatewayReporter({ client, clock, nodeName, datapath: settings.SLUICE_DATAPATH, events }),
    });
    const lease = new LeaseRenewal({
      client: node.client,
      clock,
      logger,
      namespace: settings.SLUICE_NAMESPACE,
      name: gatewayLeaseName(nodeName),
      identity: nodeName,
      renewMs,
      durationSeconds: leaseSeconds,
    });
    const isReady = (): boolean => node.notReady() === undefined;
    const proxyHealth = new ProxyHealth({
      ...{ port: settings.SLUICE_PROXY_HEALTH_PORT, clock, logger },
      isHealthy: isReady,
      isEligible: () => node.takesNewClients,
    });
    const garbage = new FirstCollection({ clock, isReady, collect: collectBesideWork() });
    return new Gateway(node, lease, proxyHealth, garbage);
  }

  start(): void {
    this.node.start();
    this.lease.start();
    this.proxyHealth.start();
    this.garbage.start();
  }

  async stop(): Promise<void> {
    this.garbage.stop();
    this.proxyHealth.stop();
    await this.lease.stop();
    await this.node.stop();
  }

  /** `/moves`: what moved, when, why and how fast, as all gateways have told it. */
  get pages(): StatusPages {
    const { history } = this.node;
    return history === undefined ? {} : { moves: history };
  }

  notReady(): string | undefined {
    return this.node.notReady();
  }
}
