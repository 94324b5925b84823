/** What breaks around Sluice: the lab's faults by name, and a store that forgets or hangs. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { type CommonFault, existingLab, fail, type Fault, heal, type Manner, nodeOf } from '@sluice/lab';
import { labName, labStatus } from './lab.js';

/** Breaks something of a node; resolves when it is broken. */
export function failNode(name: string, how: Exclude<Fault, CommonFault>, manner?: Manner): Promise<void> {
  const plan = existingLab(labName);
  return fail(plan, how, nodeOf(plan, name), manner);
}

/** Every process of the node dies at once: kubelet, containers, Open vSwitch. */
export const killNode = (name: string): Promise<void> => failNode(name, 'node');

export const failRedis = (manner?: Manner): Promise<void> =>
  fail(existingLab(labName), 'redis', undefined, manner);

export const failApi = (): Promise<void> => fail(existingLab(labName), 'api');

/** Puts back what was broken, and starts again what does not run, as a machine that boots. */
export const repairLab = (): Promise<void> => heal(existingLab(labName));

/** One command to the store; resolves when it was answered. */
export async function redis(...words: readonly string[]): Promise<void> {
  const { hostname, port } = new URL((await labStatus()).redis);
  const socket = connect(Number(port), hostname);
  socket.write(`${words.join(' ')}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  if (!answer.toString().startsWith('+')) throw new Error(`${words.join(' ')}: ${answer.toString()}`);
}
