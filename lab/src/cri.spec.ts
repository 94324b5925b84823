import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { createServer as createPlainServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servesKubelets } from './cri.js';

let directory: string;
let server: Server | undefined;

const socket = (): string => join(directory, 'containerd.sock');

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cri-'));
});

afterEach(() => {
  server?.close();
  server = undefined;
  rmSync(directory, { recursive: true, force: true });
});

async function listen(made: Server): Promise<void> {
  server = made.listen(socket());
  await once(made, 'listening');
}

const grpc = (answer: (stream: ServerHttp2Stream) => void): Server => {
  const made = createServer();
  made.on('stream', (stream, headers) => {
    expect(headers[':path']).toBe('/runtime.v1.RuntimeService/Version');
    answer(stream);
  });
  return made;
};

const headers = { ':status': 200, 'content-type': 'application/grpc' };

test('a runtime that tells its version serves kubelets', async () => {
  await listen(
    grpc((stream) => {
      stream.respond(headers, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.alloc(5));
    }),
  );
  await expect(servesKubelets(socket())).resolves.toBe(true);
});

test('one that is not initialised yet does not', async () => {
  const refusal = { 'grpc-status': '2', 'grpc-message': 'server is not initialized yet' };
  await listen(grpc((stream) => stream.respond({ ...headers, ...refusal }, { endStream: true })));
  await expect(servesKubelets(socket())).resolves.toBe(false);
});

test('nobody, and somebody who speaks otherwise, does not', async () => {
  await expect(servesKubelets(socket())).resolves.toBe(false);
  await listen(createPlainServer((connection) => connection.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  await expect(servesKubelets(socket())).resolves.toBe(false);
});
