/**
 * Run in an outside host's network namespace: tells when the first datagram of each sender's address arrived, one line of
 * JSON each: {"from", "atSeconds"} on the machine's monotonic clock. An empty line says that it listens.
 *   node receiver.js PORT udp4|udp6
 */
import { createSocket, type SocketType } from 'node:dgram';
import { monotonicSeconds } from '../harness/measure.js';

const [port, type] = process.argv.slice(2);
const seen = new Set<string>();

createSocket(type as SocketType)
  .on('message', (_, { address }) => {
    if (seen.has(address)) return;
    seen.add(address);
    console.log(JSON.stringify({ from: address, atSeconds: monotonicSeconds() }));
  })
  .on('listening', () => console.log(''))
  .bind(Number(port));
