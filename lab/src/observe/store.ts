/** The lab's Redis as tests and measurements ask it: one command, one answer. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { redisUrl } from '../outside.js';
import { type LabPlan } from '../plan.js';

/** The answer as the protocol writes it, or the text alone of a string. Rejects if Redis refuses or is away. */
export async function askStore(plan: LabPlan, ...words: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(redisUrl(plan));
  const socket = connect(Number(port), hostname);
  socket.write(`${words.join(' ')}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  const text = answer.toString();
  if (text.startsWith('-')) throw new Error(`${words.join(' ')}: ${text}`);
  return (/^\$\d+\r\n([^]*)\r\n$/.exec(text)?.[1] ?? text).trim();
}

/**
 * Whether every gateway has a lease and hears every node, now: what the API server says of it may be from before a death.
 */
export async function gatewaysAreReached(plan: LabPlan): Promise<boolean> {
  for (const { name } of plan.nodes.filter(({ role }) => role === 'gateway')) {
    const lease = await askStore(plan, 'EXISTS', `{sluice}:lease:${name}`);
    const heard = await askStore(plan, 'GET', `{sluice}:heard:${name}`);
    if (lease !== ':1' || heard !== '1') return false;
  }
  return true;
}
