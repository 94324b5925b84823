/** One TCP connection of a Pod from a port of the test's choice; its last packet is a reset, so that the port is free at once. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { type Readable, type Writable } from 'node:stream';
import { podNetwork } from '@sluice/lab';

/** Sends each line of its input, and prints what is answered; at the end of its input it resets the connection. */
const program = `
  const { connect } = require('node:net');
  const { createInterface } = require('node:readline');
  const [host, port, localPort] = process.argv.slice(1);
  const socket = connect({ host, port: Number(port), localPort: Number(localPort) });
  socket.on('error', (error) => { console.log(error.code); process.exit(1); });
  socket.pipe(process.stdout);
  createInterface(process.stdin)
    .on('line', (line) => socket.write(line + '\\n'))
    .on('close', () => { socket.resetAndDestroy(); });
`;

export interface Place {
  /** Of the Pod. */
  readonly uid: string;
  readonly address: string;
  /** The echo server's. */
  readonly port: number;
  readonly localPort: number;
}

export class OneConnection {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: Interface;

  constructor({ uid, address, port, localPort }: Place) {
    const args = [`--net=${podNetwork(uid)}`, process.execPath, '-e', program];
    const command = [...args, address, String(port), String(localPort)];
    this.child = spawn('nsenter', command, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface(this.child.stdout);
  }

  /** The address that the server sees, or the code of the error. */
  async seen(): Promise<string> {
    this.child.stdin.write('?\n');
    const [line] = (await once(this.lines, 'line')) as [string];
    return line.split(' ').at(-1) ?? '';
  }

  async end(): Promise<void> {
    this.child.stdin.end();
    if (this.child.exitCode === null) await once(this.child, 'close');
  }
}
