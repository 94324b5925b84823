/** Messages that change the switch, alone and in bundles. OpenFlow 1.5 7.3.4, 7.3.9. */
import { CodecError } from '../../errors.js';
import { type BundleFlags, type BundleMessage, type MessageOf } from '../messages.js';
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';
import { readFlowMod, writeFlowMod } from './flow.js';
import { readGroupMod, writeGroupMod } from './group.js';
import { finishMessage, startMessage } from './header.js';
import { readMeterMod, writeMeterMod } from './meter.js';
import { readReply, readRequest, writeReply, writeRequest } from './multipart.js';
import { type MessageRecord } from './record.js';

export const flowMod: MessageRecord<MessageOf<'flow_mod'>> = {
  number: 14,
  write: (writer, { mod }) => {
    writeFlowMod(writer, mod);
  },
  read: (reader) => ({ type: 'flow_mod', mod: readFlowMod(reader) }),
};

export const groupMod: MessageRecord<MessageOf<'group_mod'>> = {
  number: 15,
  write: (writer, { mod }) => {
    writeGroupMod(writer, mod);
  },
  read: (reader) => ({ type: 'group_mod', mod: readGroupMod(reader) }),
};

export const meterMod: MessageRecord<MessageOf<'meter_mod'>> = {
  number: 29,
  write: (writer, { mod }) => {
    writeMeterMod(writer, mod);
  },
  read: (reader) => ({ type: 'meter_mod', mod: readMeterMod(reader) }),
};

const controls = [
  'open_request',
  'open_reply',
  'close_request',
  'close_reply',
  'commit_request',
  'commit_reply',
  'discard_request',
  'discard_reply',
] as const;
const [atomicFlag, orderedFlag] = [1, 2];

const bitsOf = ({ atomic, ordered }: BundleFlags): number =>
  (atomic ? atomicFlag : 0) | (ordered ? orderedFlag : 0);
const flagsOf = (bits: number): BundleFlags => ({
  atomic: (bits & atomicFlag) !== 0,
  ordered: (bits & orderedFlag) !== 0,
});

export const bundleControl: MessageRecord<MessageOf<'bundle_control'>> = {
  number: 33,
  write: (writer, { bundle, command, flags }) => {
    writer.u32(bundle);
    writer.u16(controls.indexOf(command));
    writer.u16(bitsOf(flags));
  },
  read: (reader) => {
    const [bundle, number] = [reader.u32(), reader.u16()];
    const command = controls[number];
    if (command === undefined) throw new CodecError(`bundle control has command ${String(number)}`);
    return { type: 'bundle_control', bundle, command, flags: flagsOf(reader.u16()) };
  },
};

function writeInner(writer: Writer, message: BundleMessage, xid: number): void {
  const record = message.type === 'flow_mod' ? flowMod : groupMod;
  const start = startMessage(writer, record.number, xid);
  if (message.type === 'flow_mod') writeFlowMod(writer, message.mod);
  else writeGroupMod(writer, message.mod);
  finishMessage(writer, start);
}

function readInner(reader: Reader): BundleMessage {
  reader.skip(1);
  const type = reader.u8();
  const length = reader.u16();
  reader.skip(4);
  const body = reader.sub(length - 8);
  if (type === flowMod.number) return flowMod.read(body);
  if (type === groupMod.number) return groupMod.read(body);
  throw new CodecError(`bundle holds a message of type ${String(type)}`);
}

export const bundleAdd: MessageRecord<MessageOf<'bundle_add'>> = {
  number: 34,
  write: (writer, { bundle, flags, message }, xid) => {
    writer.u32(bundle);
    writer.zeros(2);
    writer.u16(bitsOf(flags));
    writeInner(writer, message, xid);
  },
  read: (reader) => {
    const bundle = reader.u32();
    reader.skip(2);
    const flags = flagsOf(reader.u16());
    return { type: 'bundle_add', bundle, flags, message: readInner(reader) };
  },
};

export const multipartRequest: MessageRecord<MessageOf<'multipart_request'>> = {
  number: 18,
  write: (writer, { request }) => {
    writeRequest(writer, request);
  },
  read: (reader) => ({ type: 'multipart_request', request: readRequest(reader) }),
};

export const multipartReply: MessageRecord<MessageOf<'multipart_reply'>> = {
  number: 19,
  write: (writer, { reply, more }) => {
    writeReply(writer, reply, more);
  },
  read: (reader) => ({ type: 'multipart_reply', ...readReply(reader) }),
};
