/** Messages to bytes and back: OpenFlow 1.5 (wire version 6) with the extensions of Open vSwitch 3.1. */
import { CodecError } from '../errors.js';
import { finishMessage, headerBytes, startMessage, wireVersion } from './codec/header.js';
import {
  bundleAdd,
  bundleControl,
  flowMod,
  groupMod,
  meterMod,
  multipartReply,
  multipartRequest,
} from './codec/mods.js';
import { flowRemoved, packetIn, packetOut, portStatus } from './codec/packets.js';
import { type MessageRecord } from './codec/record.js';
import {
  barrierReply,
  barrierRequest,
  echoReply,
  echoRequest,
  error,
  experimenter,
  featuresReply,
  featuresRequest,
  getConfigReply,
  getConfigRequest,
  hello,
  setConfig,
} from './codec/session.js';
import { type Message, type MessageOf, type MessageType } from './messages.js';
import { Reader } from './wire/reader.js';
import { Writer } from './wire/writer.js';

type Known = Exclude<MessageType, 'other'>;

const records: { readonly [T in Known]: MessageRecord<MessageOf<T>> } = {
  hello,
  error,
  echo_request: echoRequest,
  echo_reply: echoReply,
  experimenter,
  features_request: featuresRequest,
  features_reply: featuresReply,
  get_config_request: getConfigRequest,
  get_config_reply: getConfigReply,
  set_config: setConfig,
  packet_in: packetIn,
  flow_removed: flowRemoved,
  port_status: portStatus,
  packet_out: packetOut,
  flow_mod: flowMod,
  group_mod: groupMod,
  multipart_request: multipartRequest,
  multipart_reply: multipartReply,
  barrier_request: barrierRequest,
  barrier_reply: barrierReply,
  meter_mod: meterMod,
  bundle_control: bundleControl,
  bundle_add: bundleAdd,
};

type AnyRecord = MessageRecord<Message>;
const byNumber: ReadonlyMap<number, AnyRecord> = new Map(
  Object.values(records).map((record) => [record.number, record as AnyRecord]),
);

export interface Received {
  readonly xid: number;
  readonly message: Message;
}

/**
 * Appends one message to the writer. Raises CodecError (OVS_CODEC_UNENCODABLE), naming field and flow, for what the
 * switch would refuse anyway: a missing prerequisite, a value wider than its field, a mask where none is allowed. The
 * writer is then as it was before.
 */
export function encodeInto(writer: Writer, message: Message, xid: number): void {
  const start = writer.length;
  try {
    if (message.type === 'other') {
      startMessage(writer, message.messageType, xid);
      writer.raw(message.body);
    } else {
      const record = records[message.type] as AnyRecord;
      startMessage(writer, record.number, xid);
      record.write(writer, message, xid);
    }
    finishMessage(writer, start);
  } catch (failure) {
    writer.truncate(start);
    throw failure;
  }
}

/** One message with its header. */
export function encodeMessage(message: Message, xid: number): Uint8Array {
  const writer = new Writer(256);
  encodeInto(writer, message, xid);
  return writer.take();
}

/** Hello and errors about it come in any version, all others in OpenFlow 1.5. */
function checkVersion(version: number, type: number): void {
  if (version !== wireVersion && type !== hello.number && type !== error.number) {
    throw new CodecError(`message of OpenFlow wire version ${String(version)}, not ${String(wireVersion)}`);
  }
}

const nobody = (): boolean => false;

/**
 * Takes exactly one message with its header. Raises CodecError (OVS_CODEC_MALFORMED) and nothing else. Parts of multipart
 * replies whose xid `asBytes` takes are not read: they come as `other`.
 */
export function decodeMessage(bytes: Uint8Array, asBytes: (xid: number) => boolean = nobody): Received {
  const reader = Reader.of(bytes);
  const [version, type] = [reader.u8(), reader.u8()];
  const length = reader.u16();
  const xid = reader.u32();
  if (length < headerBytes || length !== bytes.length) {
    throw new CodecError(`header says ${String(length)} bytes, there are ${String(bytes.length)}`);
  }
  checkVersion(version, type);
  const isOpaque = type === multipartReply.number && asBytes(xid);
  const record = isOpaque ? undefined : byNumber.get(type);
  if (record !== undefined) return { xid, message: record.read(reader) };
  return { xid, message: { type: 'other', messageType: type, body: reader.rest() } };
}
