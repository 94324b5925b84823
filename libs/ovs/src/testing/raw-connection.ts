/** The barest OpenFlow connection, for specs of the codec: sends messages, collects answers until the barrier's. */
import { connect } from 'node:net';
import { decodeMessage, encodeMessage } from '../openflow/codec.js';
import { type Message } from '../openflow/messages.js';
import { FrameDecoder } from '../openflow/wire/frame-decoder.js';

export interface Exchange {
  readonly messages: readonly Message[];
  /** The same as they came. */
  readonly frames: readonly Uint8Array[];
}

const barrierXid = 0xffff;

/** Connects, sends, and gives what came back before the answer to a barrier. The xid of message i is i + 1. */
export async function exchange(socketPath: string, messages: readonly Message[]): Promise<Exchange> {
  const socket = connect(socketPath);
  const frames: Uint8Array[] = [];
  const received: Message[] = [];
  const decoder = new FrameDecoder();
  socket.write(encodeMessage({ type: 'hello', versions: [6] }, 0));
  messages.forEach((message, i) => socket.write(encodeMessage(message, i + 1)));
  socket.write(encodeMessage({ type: 'barrier_request' }, barrierXid));
  for await (const chunk of socket as AsyncIterable<Uint8Array>) {
    for (const frame of decoder.push(chunk)) {
      const { xid, message } = decodeMessage(frame);
      if (xid === barrierXid) {
        socket.destroy();
        return { messages: received, frames };
      }
      frames.push(frame);
      received.push(message);
    }
  }
  throw new Error(`${socketPath} closed before it answered the barrier`);
}
