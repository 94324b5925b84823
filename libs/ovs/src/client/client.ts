/**
 * The OpenFlow client of one bridge: connects again whenever the switch comes back, and says so, because a switch that
 * was restarted has lost its flows. What shall be installed is the caller's to know and to put back.
 */
import { type OvsError } from '../errors.js';
import { type Meter, ports } from '../openflow/flow.js';
import {
  type BundleMessage,
  type FlowFilter,
  type Message,
  type PortDescription,
} from '../openflow/messages.js';
import { type FlowDump, flowDump, type GroupDump, groupDump } from '../openflow/dump.js';
import { commitBundle } from './bundle.js';
import { type ConnectionOptions, OpenFlowConnection, type Unasked } from './connection.js';
import { Reconnect } from './reconnect.js';

export interface OpenFlowClientOptions extends ConnectionOptions {
  /** `<rundir>/<bridge>.mgmt`. */
  readonly socketPath: string;
  /** A connection is there, or the last one ended for this reason. */
  readonly onState?: (state: 'up' | OvsError) => void;
  /** What nobody asked for. A management connection gets it only when it says how much of a packet it wants. */
  readonly onMessage?: (message: Unasked) => void;
}

/** Of packets that no action limits. */
const packetInBytes = 128;

/** Methods throw OvsError: OVS_UNAVAILABLE while nobody is connected, OVS_OPENFLOW_REFUSED, OVS_TIMEOUT. */
export class OpenFlowClient {
  readonly #reconnect: Reconnect<OpenFlowConnection>;
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ socketPath, onState, onMessage, ...options }: OpenFlowClientOptions) {
    this.#reconnect = new Reconnect({
      open: async () => {
        const connection = await OpenFlowConnection.open(socketPath, options);
        if (onMessage !== undefined) {
          connection.onMessage(onMessage);
          connection.send([{ type: 'set_config', flags: 0, missSendLength: packetInBytes }]);
        }
        return connection;
      },
      ...(onState === undefined ? {} : { onState }),
    });
  }

  start(): void {
    this.#reconnect.start();
  }

  async stop(): Promise<void> {
    await this.#reconnect.stop();
  }

  get isUp(): boolean {
    return this.#reconnect.current !== undefined;
  }

  /** One atomic, ordered bundle; when it resolves, the tables are changed. Bundles run one after the other. */
  bundle(messages: readonly BundleMessage[]): Promise<void> {
    const turn = this.#turn.then(() => commitBundle(this.#connection(), messages));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Sends messages that have no answer and waits until the switch has dealt with them. */
  async send(messages: readonly Message[]): Promise<void> {
    const connection = this.#connection();
    connection.send(messages);
    await connection.barrier();
  }

  /** Sends a frame out of a port, as if it came from nowhere. */
  async packetOut(port: number, frames: readonly Uint8Array[]): Promise<void> {
    const connection = this.#connection();
    const actions = [{ type: 'output', port }] as const;
    connection.sendFrames({ type: 'packet_out', inPort: ports.controller, actions }, frames);
    await connection.barrier();
  }

  /** As bytes, to be compared with what they shall be; `items()` reads them. */
  async dumpFlows(filter: FlowFilter = {}): Promise<FlowDump> {
    return flowDump.parse(await this.#connection().multipartBytes({ kind: 'flow', filter }));
  }

  async dumpGroups(): Promise<GroupDump> {
    return groupDump.parse(await this.#connection().multipartBytes({ kind: 'group_desc' }));
  }

  async dumpMeters(): Promise<readonly Meter[]> {
    return (await this.#connection().multipart({ kind: 'meter_desc' })).flatMap(({ meters }) => meters);
  }

  async portDescriptions(): Promise<readonly PortDescription[]> {
    return (await this.#connection().multipart({ kind: 'port_desc' })).flatMap((part) => part.ports);
  }

  #connection(): OpenFlowConnection {
    return this.#reconnect.require();
  }
}
