/**
 * Run in a Pod's network namespace: sends a datagram from a new port every few milliseconds until it is killed, so that
 * each is the first of its connection.
 *   node probe.js ADDRESS PORT EVERY_MS
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

const [address = '', port, everyMs] = process.argv.slice(2);
const type = isIPv6(address) ? 'udp6' : 'udp4';

setInterval(() => {
  const socket = createSocket(type);
  socket.on('error', () => undefined); // without a route at the moment: the next one may arrive
  socket.send('probe', Number(port), address, () => socket.close());
}, Number(everyMs));
