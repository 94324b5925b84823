/**
 * One atomic, ordered bundle (OpenFlow 1.5 section 6.9): all of it or nothing. Messages go out many at a time, as fast
 * as the socket takes them. A barrier stands before the commit: Open vSwitch answers a message that it cannot add by an
 * error and would commit the others.
 */
import { OvsError } from '../errors.js';
import { encodeInto } from '../openflow/codec.js';
import { type BundleMessage, type ErrorMessage } from '../openflow/messages.js';
import { formatFlow } from '../openflow/text/flow.js';
import { formatGroup } from '../openflow/text/group.js';
import { Writer } from '../openflow/wire/writer.js';
import { bundleXid, type OpenFlowConnection } from './connection.js';

const flags = { atomic: true, ordered: true } as const;
/** Less than the socket holds: Open vSwitch works on it while the next piece is encoded. */
const writeBytes = 64 * 1024;

/** ovs-ofctl's text of what a bundle message does, for errors. */
export function describe(message: BundleMessage): string {
  const { mod } = message;
  switch (mod.command) {
    case 'add':
    case 'modify':
    case 'modify_strict':
    case 'add_or_modify':
      return `${mod.command} ${'flow' in mod ? formatFlow(mod.flow) : formatGroup(mod.group)}`;
    case 'delete':
    case 'delete_strict':
    case 'insert_bucket':
    case 'remove_bucket':
      return `${mod.command} ${JSON.stringify(mod, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`;
  }
}

let lastBundle = 0;

/** Throws OvsError OVS_OPENFLOW_REFUSED that names the first message that the switch refused. */
export async function commitBundle(
  connection: OpenFlowConnection,
  messages: readonly BundleMessage[],
): Promise<void> {
  lastBundle = (lastBundle + 1) % 0xffff_ffff;
  const bundle = lastBundle;
  let failure: OvsError | undefined;
  const stop = connection.watchBundle((index, answer) => {
    if (answer.type === 'error') failure ??= refusedBy(answer, messages[index]);
  });
  const control = (command: 'open_request' | 'commit_request' | 'discard_request') =>
    connection.request({ type: 'bundle_control', bundle, command, flags }, 'bundle_control');
  try {
    // One round trip for both: on a busy node each costs more than what it carries.
    await Promise.all([control('open_request'), addAll(connection, bundle, messages)]);
    if (failure !== undefined) await control('discard_request');
    else await control('commit_request');
  } catch (error) {
    // The refusal of the commit itself says less than that of the message that made it fail.
    throw failure ?? error;
  } finally {
    stop();
  }
  if (failure !== undefined) throw failure;
}

async function addAll(
  connection: OpenFlowConnection,
  bundle: number,
  messages: readonly BundleMessage[],
): Promise<void> {
  const writer = new Writer(writeBytes + 0xffff);
  for (const [index, message] of messages.entries()) {
    encodeInto(writer, { type: 'bundle_add', bundle, flags, message }, bundleXid(index));
    if (writer.length >= writeBytes) await connection.write(writer.take());
  }
  if (writer.length > 0) await connection.write(writer.take());
  await connection.barrier();
}

function refusedBy(error: ErrorMessage, message: BundleMessage | undefined): OvsError {
  const what = message === undefined ? 'a message of the bundle' : describe(message);
  return new OvsError('OVS_OPENFLOW_REFUSED', { message: `the switch refused ${what}: ${error.name}` });
}
