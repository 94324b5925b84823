/** Follows what happens to the connections of one zone. */
import { type ConntrackEntry } from './connection.js';
import { type EntryChange, readMessages } from './messages.js';
import { ConntrackSocket } from './socket.js';

export interface ConntrackListenerOptions {
  readonly zone: number;
  readonly netns?: string | undefined;
  readonly onChange: (change: EntryChange, entry: ConntrackEntry) => void;
  /** Changes were lost: only a dump tells what there is now. */
  readonly onLost: () => void;
  /** The listener has ended by an error. */
  readonly onFailed: (error: unknown) => void;
  /** Bytes that the kernel keeps for a process that is busy. */
  readonly receiveBuffer?: number;
}

const groups = 0b111;
const defaultReceiveBuffer = 64 * 1024 * 1024;
/** Receives between two looks at other work. */
const receivesAtOnce = 256;

export class ConntrackListener {
  private constructor(
    private readonly socket: ConntrackSocket,
    private readonly options: ConntrackListenerOptions,
  ) {}

  /** What happens from the moment that it resolves is told. Rejects with SLUICE_CONNTRACK_FAILED. */
  static async start(options: ConntrackListenerOptions): Promise<ConntrackListener> {
    const { netns, receiveBuffer = defaultReceiveBuffer } = options;
    const socket = await ConntrackSocket.open({ groups, receiveBuffer, netns });
    const listener = new ConntrackListener(socket, options);
    listener.follow().catch(options.onFailed);
    return listener;
  }

  stop(): Promise<void> {
    return this.socket.close();
  }

  private async follow(): Promise<void> {
    const { zone, onChange, onLost } = this.options;
    while (await this.socket.readable()) {
      for (let count = 0; count < receivesAtOnce; count++) {
        const received = this.socket.receive();
        if (received === 'nothing') break;
        if (received === 'overrun') onLost();
        else
          for (const message of readMessages(received, zone))
            if (message.kind === 'entry') onChange(message.change, message.entry);
      }
    }
  }
}
