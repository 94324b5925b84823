/** A TCP server on every address of its network namespace that reads and answers nothing: `acceptor.js PORT`. */
import { createServer } from 'node:net';

const [port = ''] = process.argv.slice(2);
createServer((socket) => socket.on('error', () => undefined).resume()).listen(Number(port), '::', () => {
  console.log('ready');
});
