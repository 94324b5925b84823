/** Messages about packets, ports and expired flows. OpenFlow 1.5 7.3.6, 7.4. */
import { CodecError } from '../../errors.js';
import { readActions, writeActions } from '../action/list.js';
import { type FlowRemoved, type MessageOf } from '../messages.js';
import { readCounters, writeCounters } from './flow.js';
import { readMatch, writeMatch } from './match.js';
import { readPort, writePort } from './port.js';
import { type MessageRecord } from './record.js';

const noBuffer = 0xffff_ffff;

export const packetIn: MessageRecord<MessageOf<'packet_in'>> = {
  number: 10,
  write: (writer, message) => {
    writer.u32(noBuffer);
    writer.u16(message.totalLength);
    writer.u8(message.reason);
    writer.u8(message.table);
    writer.u64(message.cookie);
    writeMatch(writer, message.match);
    writer.zeros(2);
    writer.raw(message.data);
  },
  read: (reader) => {
    reader.skip(4);
    const [totalLength, reason, table] = [reader.u16(), reader.u8(), reader.u8()];
    const cookie = reader.u64();
    const match = readMatch(reader);
    reader.skip(2);
    return { type: 'packet_in', totalLength, reason, table, cookie, match, data: reader.rest() };
  },
};

/** ofp15_packet_out: a match with the port of entry in place of the port. */
export const packetOut: MessageRecord<MessageOf<'packet_out'>> = {
  number: 13,
  write: (writer, { inPort, actions, data }) => {
    writer.u32(noBuffer);
    const at = writer.length;
    writer.zeros(4);
    writeMatch(writer, [{ field: 'in_port', value: BigInt(inPort) }]);
    const start = writer.length;
    writeActions(writer, actions, undefined);
    writer.patchLength(at, start);
    writer.raw(data);
  },
  read: (reader) => {
    reader.skip(4);
    const length = reader.u16();
    reader.skip(2);
    const port = readMatch(reader).find(({ field }) => field === 'in_port');
    if (port === undefined) throw new CodecError('packet-out says no port of entry');
    const actions = readActions(reader.sub(length));
    return { type: 'packet_out', inPort: Number(port.value), actions, data: reader.rest() };
  },
};

const portReasons = ['add', 'delete', 'modify'] as const;

export const portStatus: MessageRecord<MessageOf<'port_status'>> = {
  number: 12,
  write: (writer, { reason, port }) => {
    writer.u8(portReasons.indexOf(reason));
    writer.zeros(7);
    writePort(writer, port);
  },
  read: (reader) => {
    const number = reader.u8();
    const reason = portReasons[number];
    if (reason === undefined) throw new CodecError(`port status has reason ${String(number)}`);
    reader.skip(7);
    return { type: 'port_status', reason, port: readPort(reader) };
  },
};

const removals = [
  'idle_timeout',
  'hard_timeout',
  'delete',
  'group_delete',
  'meter_delete',
  'eviction',
] as const;

export const flowRemoved: MessageRecord<FlowRemoved> = {
  number: 11,
  write: (writer, message) => {
    writer.u8(message.table);
    writer.u8(removals.indexOf(message.reason));
    writer.u16(message.priority);
    writer.u16(message.idleTimeout);
    writer.u16(message.hardTimeout);
    writer.u64(message.cookie);
    writeMatch(writer, message.match);
    writeCounters(writer, message);
  },
  read: (reader) => {
    const [table, number] = [reader.u8(), reader.u8()];
    const [priority, idleTimeout, hardTimeout] = [reader.u16(), reader.u16(), reader.u16()];
    const cookie = reader.u64();
    const reason = removals[number];
    if (reason === undefined) throw new CodecError(`flow removed for reason ${String(number)}`);
    const match = readMatch(reader);
    const counters = readCounters(reader);
    return {
      type: 'flow_removed',
      table,
      priority,
      cookie,
      match,
      reason,
      idleTimeout,
      hardTimeout,
      ...counters,
    };
  },
};
