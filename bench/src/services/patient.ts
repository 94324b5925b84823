/** Connections of the bench's clients. */
import { connect, type Socket } from 'node:net';

const patienceMs = 5000;

/** Resolves when it is there; rejects when it fails, or takes five seconds. */
export const connected = (host: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => resolve(socket));
    socket.on('error', reject);
    socket.setTimeout(patienceMs, () => socket.destroy(new Error(`${host} did not answer in time`)));
  });
