/** What breaks around Sluice: a node without power, a store that forgets or hangs. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { lab, labStatus } from './lab.js';

const execute = promisify(execFile);

/** Every process of the node dies at once: kubelet, containers, Open vSwitch. */
export async function killNode(name: string): Promise<void> {
  const { nodes } = await labStatus();
  const node = nodes.find((entry) => entry.name === name);
  if (node === undefined) throw new Error(`the lab has no node ${name}`);
  const { stdout } = await execute('ip', ['netns', 'pids', node.namespace]);
  for (const pid of stdout.split('\n').filter((text) => text !== '')) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch (error) {
      // It may have ended with its parent.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

/** Starts again what does not run, as a machine that boots. */
export const repairLab = (): Promise<string> => lab('up');

/** One command to the store; resolves when it was answered. */
export async function redis(...words: readonly string[]): Promise<void> {
  const { hostname, port } = new URL((await labStatus()).redis);
  const socket = connect(Number(port), hostname);
  socket.write(`${words.join(' ')}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  if (!answer.toString().startsWith('+')) throw new Error(`${words.join(' ')}: ${answer.toString()}`);
}
