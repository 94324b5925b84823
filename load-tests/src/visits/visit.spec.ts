import { afterEach, describe, expect, it, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { failureOf } from './failure.js';
import { askHttp } from './http-visit.js';
import { askTcp } from './tcp-visit.js';
import { type Exchange, visit, type Visit } from './visit.js';

const servers: (Server | HttpServer)[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server | HttpServer): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const rawServer = (serve: (socket: Socket) => void): Promise<number> =>
  listening(createServer((socket) => serve(socket.on('error', () => undefined))));

interface To {
  readonly port: number;
  readonly exchange: Exchange;
  readonly from?: string;
  readonly patienceMs?: number;
}

const go = ({ port, exchange, from, patienceMs = 10_000 }: To): Promise<Visit> =>
  visit({ address: '127.0.0.1', port, from, patienceMs }, exchange);

const kind = (seen: Visit): string => (seen.ok ? 'ok' : seen.failure.kind);

describe('a visit', () => {
  it('by HTTP asks for /hostname over a connection of its own', async () => {
    const asked: unknown[] = [];
    const port = await listening(
      createHttpServer(({ url, headers }, response) => {
        asked.push([url, headers.host, headers.connection]);
        response.end('web-1\n');
      }),
    );
    const seen = await go({ port, exchange: askHttp });
    expect(seen).toMatchObject({ ok: true, backend: 'web-1', source: { address: '127.0.0.1' } });
    expect(asked).toEqual([['/hostname', `127.0.0.1:${port}`, 'close']]);
  });

  it('by TCP takes what is said before the end', async () => {
    const port = await rawServer((socket) => socket.end('web-2'));
    expect(await go({ port, exchange: askTcp })).toMatchObject({ ok: true, backend: 'web-2' });
  });

  it('comes from the address that is asked for, and tells its port', async () => {
    const ports: unknown[] = [];
    const port = await rawServer((socket) => {
      ports.push(socket.remotePort);
      socket.end('web-2');
    });
    const seen = await go({ port, exchange: askTcp, from: '127.0.0.9' });
    expect(seen).toMatchObject({ ok: true, source: { address: '127.0.0.9', port: ports[0] } });
  });

  it('takes as long for all as for the connection, or longer', async () => {
    const port = await rawServer((socket) => socket.end('web-2'));
    const seen = await go({ port, exchange: askTcp });
    if (!seen.ok) throw new Error(seen.failure.detail);
    expect(seen.totalMs).toBeGreaterThanOrEqual(seen.connectMs);
  });
});

describe('a visit fails', () => {
  it.each([
    ['http', askHttp],
    ['tcp', askTcp],
  ])('refused where nobody listens, %s', async (_, exchange) => {
    const port = await rawServer(() => undefined);
    const [server] = servers.splice(0);
    server?.close();
    expect(kind(await go({ port, exchange }))).toBe('refused');
  });

  it.each([
    ['http', askHttp],
    ['tcp', askTcp],
  ])('when the connection is reset, %s', async (_, exchange) => {
    const port = await rawServer((socket) => {
      if (exchange === askHttp) socket.once('data', () => socket.resetAndDestroy());
      else socket.resetAndDestroy();
    });
    expect(kind(await go({ port, exchange }))).toBe('reset');
  });

  it.each([
    ['http', askHttp],
    ['tcp', askTcp],
  ])('when it is closed without an answer, %s', async (_, exchange) => {
    const port = await rawServer((socket) => {
      socket.resume();
      socket.end();
    });
    expect(kind(await go({ port, exchange }))).toBe('cut off');
  });

  it('when an HTTP answer ends too early', async () => {
    const port = await rawServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nweb')),
    );
    expect(kind(await go({ port, exchange: askHttp }))).toBe('cut off');
  });

  it.each([
    ['http', askHttp],
    ['tcp', askTcp],
  ])('when nobody answers, %s', async (_, exchange) => {
    const port = await rawServer((socket) => servers.at(-1)?.once('close', () => socket.destroy()));
    expect(kind(await go({ port, exchange, patienceMs: 20 }))).toBe('answer timeout');
  });

  it.each([
    ['another service', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'],
    ['no HTTP', 'web-1'],
    ['no name', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>'],
  ])('when %s answers', async (_, answer) => {
    const port = await rawServer((socket) => socket.once('data', () => socket.end(answer)));
    expect(kind(await go({ port, exchange: askHttp }))).toBe('bad answer');
  });

  it('when a TCP server says something else', async () => {
    const port = await rawServer((socket) => socket.end('220 mail.example ESMTP ready'));
    const seen = await go({ port, exchange: askTcp });
    expect(seen).toMatchObject({ ok: false, failure: { kind: 'bad answer' } });
    expect(JSON.stringify(seen)).toContain('220 mail.example');
  });

  it('by its own fault when the local address is of no use', async () => {
    const port = await rawServer((socket) => socket.end('web-2'));
    expect(kind(await go({ port, exchange: askTcp, from: '192.0.2.1' }))).toBe('generator');
  });
});

test.each([
  ['EHOSTUNREACH', 'unreachable'],
  ['ETIMEDOUT', 'connect timeout'],
  ['EMFILE', 'generator'],
  ['EWHATEVER', 'other'],
])('%s is counted as %s', (code, expected) => {
  expect(failureOf(Object.assign(new Error('connect'), { code, syscall: 'connect' })).kind).toBe(expected);
});
