/** Raw TCP: the backend says its name unasked and closes, as `agnhost serve-hostname --tcp` does. */
import { text } from 'node:stream/consumers';
import { CutOff } from './failure.js';
import { type Exchange } from './visit.js';

export const askTcp: Exchange = async (socket) => {
  const answer = await text(socket);
  if (answer === '') throw new CutOff('closed without a word');
  return answer;
};
