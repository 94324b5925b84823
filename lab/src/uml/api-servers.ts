/** A program: starts API servers for the kernel beside it, one at a time, until its standard input ends. */
import { createServer } from 'node:http';
import { RealApiServer } from '../../../libs/kube/src/testing/real-apiserver.js';
import { besideAddress, requestPort } from './beside.js';

let running: Promise<RealApiServer | undefined> = Promise.resolve(undefined);

/** The last one is gone then, also one that is just starting; one that did not start has left nothing. */
const ended = (): Promise<void> =>
  running.then(
    (server) => server?.stop(),
    () => undefined,
  );

function another(): Promise<RealApiServer> {
  const next = ended().then(() => RealApiServer.start(besideAddress));
  running = next;
  return next;
}

const server = createServer((request, response) => {
  const answer = (status: number, text: string): void => {
    response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
  };
  if (request.method !== 'POST' || request.url !== '/') {
    answer(404, 'only POST / is known here');
    return;
  }
  another().then(
    ({ kubeconfigFile }) => answer(201, kubeconfigFile),
    (error: unknown) => answer(500, String(error)),
  );
});
server.listen(requestPort, besideAddress, () => console.log('ready'));

process.stdin.resume().once('end', () => {
  server.close();
  server.closeAllConnections();
  void ended();
});
