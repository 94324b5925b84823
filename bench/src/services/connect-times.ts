/**
 * How long connections take until they are there, one after the other, each from another port: `connect-times.js ADDRESS PORT
 * COUNT`. Prints the milliseconds of each as one array of JSON. Those that fail within five seconds end the program.
 */
import { connected } from './patient.js';

const [host = '', port = '', count = ''] = process.argv.slice(2);

const times: number[] = [];
for (let n = 0; n < Number(count); n++) {
  const started = performance.now();
  const socket = await connected(host, Number(port));
  times.push(performance.now() - started);
  // A reset: no port waits for the next round.
  socket.resetAndDestroy();
}
console.log(JSON.stringify(times));
