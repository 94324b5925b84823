/** A TCP server on every address of its network namespace, until it is ended: `acceptor.js PORT`. */
import { createServer } from 'node:net';

const [port = ''] = process.argv.slice(2);
createServer((socket) => socket.on('error', () => undefined)).listen(Number(port), '::', () => {
  console.log('ready');
});
