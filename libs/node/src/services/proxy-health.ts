/**
 * What load balancers in front of the gateways ask of a service proxy, on kube-proxy's port: whether to send new clients here
 * (`/healthz`, KEP-3836), and whether the proxy lives (`/livez`).
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type Clock, describeError, type Logger } from '@sluice/core';

export interface ProxyHealthOptions {
  /** 0: nobody is answered. */
  readonly port: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether this gateway does its work. */
  readonly isHealthy: () => boolean;
  /** Whether it shall have new clients: not while it gives its slots away, or its Node goes. */
  readonly isEligible: () => boolean;
}

/** Until a port that somebody else has is asked for again. */
const retryMs = 30_000;

export class ProxyHealth {
  private server: Server | undefined;
  private cancel: (() => void) | undefined;
  private told = false;
  /** When it was known to do its work last; Unix milliseconds. */
  private healthyAt: number;

  constructor(private readonly options: ProxyHealthOptions) {
    this.healthyAt = options.clock.wallMs();
  }

  start(): void {
    const { port, clock, logger } = this.options;
    if (port === 0) return;
    const server = createServer(({ url = '' }, response) =>
      this.answer(url.split('?', 1)[0] ?? '', response),
    );
    server.on('error', (error) => {
      if (!this.told)
        logger.warn(
          { port, error: describeError(error) },
          'cannot answer for the service proxy; another program has its port? See SLUICE_PROXY_HEALTH_PORT',
        );
      this.told = true;
      this.cancel = clock.after(retryMs, () => this.start());
    });
    server.listen(port, '::');
    server.unref();
    this.server = server;
  }

  stop(): void {
    this.cancel?.();
    this.server?.close();
    this.server?.closeAllConnections();
  }

  private answer(path: string, response: ServerResponse): void {
    const { clock, isHealthy, isEligible } = this.options;
    const now = clock.wallMs();
    const [healthy, eligible] = [isHealthy(), isEligible()];
    if (healthy) this.healthyAt = now;
    const ok = { '/livez': healthy, '/healthz': healthy && eligible }[path];
    response.writeHead(ok === undefined ? 404 : ok ? 200 : 503, {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
    });
    const time = (ms: number): string => new Date(ms).toISOString();
    const said = { lastUpdated: time(this.healthyAt), currentTime: time(now) };
    const body = path === '/healthz' ? { ...said, nodeEligible: eligible } : said;
    response.end(ok === undefined ? '' : `${JSON.stringify(body)}\n`);
  }
}
