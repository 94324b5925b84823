/**
 * On some machines the API server stops answering for good in this kernel (7.3): its threads wake each other over and over,
 * and no request is served. It is killed then and started again with the same data, as a kubelet that probes it would do.
 */
import { setTimeout as lasting } from 'node:timers/promises';
import { KubeClient, loadClusterConfig, namespaces } from '@sluice/kube';
import { type RealApiServer } from '../../../../libs/kube/src/testing/real-apiserver.js';

const everyMs = 5000;
/** Long for one slow core, which answers within a second or two when it is busy. */
const timeoutMs = 10_000;
const missesAtMost = 2;

export class ApiWatchdog {
  private misses = 0;
  private paused = false;
  private stopped = false;
  private readonly running: Promise<void>;

  private constructor(
    private readonly server: Pick<RealApiServer, 'stopServer' | 'startServer'>,
    private readonly client: KubeClient,
  ) {
    this.running = this.run();
  }

  static async start(server: RealApiServer): Promise<ApiWatchdog> {
    const config = await loadClusterConfig({ kubeconfig: server.kubeconfigFile });
    return new ApiWatchdog(server, new KubeClient(config, { timeoutMs }));
  }

  /** While it is stopped on purpose. */
  pause(paused: boolean): void {
    this.paused = paused;
    this.misses = 0;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
    await this.client.close();
  }

  private async run(): Promise<void> {
    while (!this.isStopped()) {
      await lasting(everyMs);
      if (this.isPaused() || this.isStopped()) continue;
      const answers = await this.client.list(namespaces, { limit: 1 }).then(
        () => true,
        () => false,
      );
      if (this.isPaused()) continue;
      this.misses = answers ? 0 : this.misses + 1;
      if (this.misses < missesAtMost || this.isStopped()) continue;
      await this.restart();
    }
  }

  private isStopped(): boolean {
    return this.stopped;
  }

  private isPaused(): boolean {
    return this.paused;
  }

  private async restart(): Promise<void> {
    this.misses = 0;
    console.warn('the API server answers no more, and is started again');
    try {
      await this.server.stopServer();
      await this.server.startServer();
    } catch (error) {
      console.warn('the API server did not start', error);
    }
  }
}
