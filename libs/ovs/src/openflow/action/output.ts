/** Where packets go: ports, the controller, groups, meters, other tables. */
import { ports } from '../flow.js';
import { formatPort, narrowPort, parsePort, widenPort } from '../text/ports.js';
import { type Span } from '../text/scanner.js';
import {
  type ActionOf,
  type ActionRecord,
  afterColon,
  keyValues,
  writeNicira,
  writeStandard,
} from './record.js';

const wholePacket = 0xffff;

/** Output and controller are one action on the wire, told apart by the port. */
export const output: ActionRecord<ActionOf<'output'>> = {
  numbers: [{ standard: 0 }],
  words: ['output', 'LOCAL', 'IN_PORT', 'in_port', 'NORMAL', 'FLOOD', 'ALL', 'TABLE'],
  write: (writer, { port }) => {
    writeStandard(writer, 0, () => {
      writer.u32(port);
      writer.u16(port === ports.controller ? wholePacket : 0);
      writer.zeros(6);
    });
  },
  read: (reader) => {
    const port = reader.u32();
    const length = reader.u16();
    return port === ports.controller ? { type: 'controller', maxLength: length } : { type: 'output', port };
  },
  format: ({ port }) => {
    if (port === ports.controller) return `CONTROLLER:${String(wholePacket)}`;
    const name = formatPort(port);
    return /^\d/.test(name) ? `output:${name}` : name;
  },
  parse: (rest, _list, word) => ({
    type: 'output',
    port: parsePort(word.text === 'output' ? afterColon(rest) : word),
  }),
};

function maxLength(rest: Span): number {
  if (rest.isEmpty) return wholePacket;
  if (rest.text.startsWith(':')) return afterColon(rest).number(wholePacket);
  let length = wholePacket;
  for (const [key, value] of keyValues(rest.inParentheses())) {
    if (key.text === 'max_len') length = value.number(wholePacket);
    else if (key.text !== 'reason' || value.text !== 'action') {
      throw key.fail(`controller takes max_len, not "${key.text}"`);
    }
  }
  return length;
}

export const controller: ActionRecord<ActionOf<'controller'>> = {
  numbers: [],
  words: ['CONTROLLER', 'controller'],
  write: (writer, action) => {
    writeStandard(writer, 0, () => {
      writer.u32(ports.controller);
      writer.u16(action.maxLength);
      writer.zeros(6);
    });
  },
  read: () => undefined,
  format: (action) => `CONTROLLER:${String(action.maxLength)}`,
  parse: (rest) => ({ type: 'controller', maxLength: maxLength(rest) }),
};

export const group: ActionRecord<ActionOf<'group'>> = {
  numbers: [{ standard: 22 }],
  words: ['group'],
  write: (writer, action) => {
    writeStandard(writer, 22, () => {
      writer.u32(action.group);
    });
  },
  read: (reader) => ({ type: 'group', group: reader.u32() }),
  format: (action) => `group:${String(action.group)}`,
  parse: (rest) => ({ type: 'group', group: afterColon(rest).number() }),
};

export const meter: ActionRecord<ActionOf<'meter'>> = {
  numbers: [{ standard: 29 }],
  words: ['meter'],
  write: (writer, action) => {
    writeStandard(writer, 29, () => {
      writer.u32(action.meter);
    });
  },
  read: (reader) => ({ type: 'meter', meter: reader.u32() }),
  format: (action) => `meter:${String(action.meter)}`,
  parse: (rest) => ({ type: 'meter', meter: afterColon(rest).number() }),
};

/** In a resubmit: OFPP_IN_PORT in 16 bits is the packet's own port, table 255 the current table. */
const samePort = 0xfff8;
const sameTable = 0xff;

function parseResubmit(rest: Span): ActionOf<'resubmit'> {
  if (rest.text.startsWith(':')) return { type: 'resubmit', port: parsePort(afterColon(rest)) };
  const [port, table, extra] = rest.inParentheses().parts(',');
  if (port === undefined || extra !== undefined) throw rest.fail('resubmit(port,table) expected');
  return {
    type: 'resubmit',
    ...(!port.isEmpty && port.text.toLowerCase() !== 'in_port' && { port: parsePort(port) }),
    ...(table !== undefined && !table.isEmpty && { table: table.number(254) }),
  };
}

export const resubmit: ActionRecord<ActionOf<'resubmit'>> = {
  numbers: [{ nicira: 14 }],
  words: ['resubmit'],
  write: (writer, { port, table }) => {
    writeNicira(writer, 14, () => {
      writer.u16(port === undefined ? samePort : narrowPort(port));
      writer.u8(table ?? sameTable);
      writer.zeros(3);
    });
  },
  read: (reader) => {
    const port = reader.u16();
    const table = reader.u8();
    reader.skip(3);
    return {
      type: 'resubmit',
      ...(port !== samePort && { port: widenPort(port) }),
      ...(table !== sameTable && { table }),
    };
  },
  format: ({ port, table }) => {
    const from = port === undefined ? '' : formatPort(port);
    if (table === undefined) return `resubmit:${port === undefined ? 'IN_PORT' : from}`;
    return `resubmit(${from},${String(table)})`;
  },
  parse: parseResubmit,
};
