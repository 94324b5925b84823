/**
 * What a server can be given in some seconds: `rates.js connects|bytes ADDRESS PORT SECONDS`. Prints new connections, or bytes,
 * a second, and how many connections failed or took five seconds, as JSON.
 */
import { monotonicSeconds } from '../harness/measure.js';
import { connected } from './patient.js';

const [what = '', host = '', port = '', seconds = ''] = process.argv.slice(2);
const endsAt = monotonicSeconds() + Number(seconds);
const atOnce = { connects: 32, bytes: 4 } as const;
const chunk = Buffer.alloc(256 << 10);

let failed = 0;

/** How many connections one client made after another. */
async function connects(): Promise<number> {
  let made = 0;
  while (monotonicSeconds() < endsAt) {
    try {
      const socket = await connected(host, Number(port));
      // A reset: no port waits.
      socket.resetAndDestroy();
      made++;
    } catch {
      failed++;
    }
  }
  return made;
}

/** What one connection carried. */
async function bytes(): Promise<number> {
  const socket = await connected(host, Number(port));
  while (monotonicSeconds() < endsAt) await new Promise((resolve) => socket.write(chunk, resolve));
  const sent = socket.bytesWritten - socket.writableLength;
  socket.resetAndDestroy();
  return sent;
}

const kind = what === 'bytes' ? 'bytes' : 'connects';
const one = { connects, bytes }[kind];
const counts = await Promise.all(Array.from({ length: atOnce[kind] }, one));
const perSecond = counts.reduce((sum, count) => sum + count, 0) / Number(seconds);
console.log(JSON.stringify({ perSecond, failed }));
