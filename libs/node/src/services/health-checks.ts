/**
 * The health check node ports of Services: load balancers in front of the gateways ask there whether to send clients here.
 * As kube-proxy answers (KEP-3836 and the Kubernetes documentation, "external traffic policy"), but that a gateway counts
 * all endpoints: it keeps the client's address, wherever they are.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { describeError, type Logger } from '@sluice/core';
import { type ServiceHealth } from '@sluice/model';

export interface HealthChecksOptions {
  readonly logger: Logger;
  /** Whether this gateway does its work. */
  readonly isHealthy: () => boolean;
}

interface Listener {
  readonly server: Server;
  check: ServiceHealth;
}

export class HealthChecks {
  private readonly listeners = new Map<number, Listener>();
  private refused: ReadonlySet<number> = new Set();

  constructor(private readonly options: HealthChecksOptions) {}

  /** Listens on new ports and leaves those that are not there any more. A port that cannot be had is tried again with the next call. */
  update(checks: readonly ServiceHealth[]): void {
    const wanted = new Map(checks.map((check) => [check.port, check]));
    for (const [port, { server }] of this.listeners) {
      if (wanted.has(port)) continue;
      this.listeners.delete(port);
      end(server);
    }
    for (const [port, check] of wanted) {
      const listener = this.listeners.get(port);
      if (listener === undefined) this.listen(check);
      else listener.check = check;
    }
  }

  stop(): void {
    this.update([]);
  }

  private listen(check: ServiceHealth): void {
    const { port, namespace, name } = check;
    const server = createServer((_request, response) => this.answer(listener.check, response));
    const listener: Listener = { server, check };
    server.on('error', (error) => {
      this.listeners.delete(port);
      if (!this.refused.has(port))
        this.options.logger.warn(
          { namespace, name, port, error: describeError(error) },
          'cannot answer on a health check node port; it is tried again with the next change',
        );
      this.refused = new Set([...this.refused, port]);
    });
    server.on('listening', () => {
      this.refused = new Set([...this.refused].filter((other) => other !== port));
    });
    server.listen(port, '::');
    // Nothing waits for a load balancer when the process ends.
    server.unref();
    this.listeners.set(port, listener);
  }

  private answer({ namespace, name, endpoints }: ServiceHealth, response: ServerResponse): void {
    const isHealthy = this.options.isHealthy();
    response.writeHead(endpoints > 0 && isHealthy ? 200 : 503, {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
      'X-Load-Balancing-Endpoint-Weight': String(endpoints),
    });
    response.end(
      `${JSON.stringify({
        service: { namespace, name },
        localEndpoints: endpoints,
        serviceProxyHealthy: isHealthy,
      })}\n`,
    );
  }
}

function end(server: Server): void {
  server.close();
  server.closeAllConnections();
}
