/**
 * How long connections take until they are there, one after the other, each from another port: `connect-times.js ADDRESS PORT
 * COUNT`. Prints the milliseconds of each as one array of JSON. Those that fail within five seconds end the program.
 */
import { connect } from 'node:net';

const [host = '', port = '', count = ''] = process.argv.slice(2);
const patienceMs = 5000;

const one = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const started = performance.now();
    const socket = connect({ host, port: Number(port) }, () => {
      const took = performance.now() - started;
      // A reset: no port waits for the next round.
      socket.resetAndDestroy();
      resolve(took);
    });
    socket.on('error', reject);
    socket.setTimeout(patienceMs, () => socket.destroy(new Error(`${host} did not answer in time`)));
  });

const times: number[] = [];
for (let n = 0; n < Number(count); n++) times.push(await one());
console.log(JSON.stringify(times));
