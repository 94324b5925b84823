/** `/healthz`, `/readyz` and `/metrics` of a process on node:http; no framework, because every agent pays for it in memory. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { describeError } from '@sluice/core';
import { type Registry } from 'prom-client';

/** `undefined` is well; a text says what is not. */
export type Probe = () => string | undefined;

/** Path without slash → what is there. One that throws is 503 with the reason. */
export type StatusPages = Readonly<Record<string, () => Promise<unknown>>>;

export interface StatusServerOptions {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly healthy: Probe;
  readonly ready: Probe;
  readonly metrics: Registry;
  /** More paths, answered with what they give, as JSON. */
  readonly pages?: StatusPages;
}

export interface StatusServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const plain = (status: number, body: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${body}\n`,
});

const probe = (check: Probe): Answer => {
  const problem = check();
  return problem === undefined ? plain(200, 'ok') : plain(503, problem);
};

async function answer(path: string, options: StatusServerOptions): Promise<Answer> {
  switch (path) {
    case '/healthz':
      return probe(options.healthy);
    case '/readyz':
      return probe(options.ready);
    case '/metrics':
      return { status: 200, type: options.metrics.contentType, body: await options.metrics.metrics() };
    default:
      return page(path.slice(1), options.pages ?? {});
  }
}

async function page(name: string, pages: StatusPages): Promise<Answer> {
  const read = Object.hasOwn(pages, name) ? pages[name] : undefined;
  if (read === undefined) {
    const paths = ['healthz', 'readyz', 'metrics', ...Object.keys(pages)].map((known) => `/${known}`);
    return plain(404, `not found; there are ${paths.join(', ')}`);
  }
  try {
    return {
      status: 200,
      type: 'application/json',
      body: `${JSON.stringify(await read(), undefined, 2)}\n`,
    };
  } catch (error) {
    return plain(503, describeError(error));
  }
}

/** Listens; rejects if the port is taken. */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    answer(pathname, options).then(
      ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
