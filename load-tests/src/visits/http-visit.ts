/** HTTP: the backend's name is what it answers on /hostname, as Kubernetes' agnhost does. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { BadAnswer } from './failure.js';
import { type Exchange } from './visit.js';

export const askHttp: Exchange = async (socket, authority) => {
  // Without an agent, which would keep the connection: every visit has a new one.
  const request = get({ createConnection: () => socket, path: '/hostname', headers: { host: authority } });
  // A connection that breaks within the answer is told by the answer, too, which is waited for.
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const answer = await text(response);
  if (response.statusCode !== 200) throw new BadAnswer(`HTTP status ${String(response.statusCode)}`);
  return answer;
};
