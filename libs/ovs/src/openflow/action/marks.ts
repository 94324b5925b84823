/** Actions without an effect on the packet: note, ct_clear, and what the library keeps as bytes. */
import { CodecError } from '../../errors.js';
import { type ActionOf, type ActionRecord, afterColon, writeNicira } from './record.js';

export const ctClear: ActionRecord<ActionOf<'ct_clear'>> = {
  numbers: [{ nicira: 43 }],
  words: ['ct_clear'],
  write: (writer) => {
    writeNicira(writer, 43, () => undefined);
  },
  read: () => ({ type: 'ct_clear' }),
  format: () => 'ct_clear',
  parse: () => ({ type: 'ct_clear' }),
};

/** Bytes of a note behind the header: 6, 14, 22 …; Open vSwitch gives the padding back as data. */
export function paddedNote(data: Uint8Array): Uint8Array {
  const length = data.length <= 6 ? 6 : 6 + 8 * Math.ceil((data.length - 6) / 8);
  if (length === data.length) return data;
  const padded = new Uint8Array(length);
  padded.set(data);
  return padded;
}

const bytesOfHex = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits, 'hex'));
const byteText = (byte: number): string => byte.toString(16).padStart(2, '0');

export const note: ActionRecord<ActionOf<'note'>> = {
  numbers: [{ nicira: 8 }],
  words: ['note'],
  write: (writer, { data }) => {
    writeNicira(writer, 8, () => {
      writer.raw(data);
    });
  },
  read: (reader) => ({ type: 'note', data: reader.rest() }),
  format: ({ data }) => `note:${[...paddedNote(data)].map(byteText).join('.')}`,
  parse: (rest) => {
    const argument = afterColon(rest);
    const digits = argument.text.replaceAll('.', '');
    if (!/^([0-9a-f]{2})*$/i.test(digits)) throw argument.fail('bytes in hexadecimal expected');
    return { type: 'note', data: bytesOfHex(digits) };
  },
};

export const raw: ActionRecord<ActionOf<'raw'>> = {
  numbers: [],
  words: ['raw', 'raw_instruction'],
  write: (writer, action) => {
    if (action.of === 'instruction') {
      throw new CodecError('an instruction is not an action', 'OVS_CODEC_UNENCODABLE');
    }
    writer.raw(action.data);
  },
  read: () => undefined,
  format: ({ of, data }) =>
    `${of === 'action' ? 'raw' : 'raw_instruction'}:${Buffer.from(data).toString('hex')}`,
  parse: (rest, _list, word) => {
    const argument = afterColon(rest);
    if (!/^([0-9a-f]{2})*$/i.test(argument.text)) throw argument.fail('bytes in hexadecimal expected');
    return {
      type: 'raw',
      of: word.text === 'raw' ? 'action' : 'instruction',
      data: bytesOfHex(argument.text),
    };
  },
};

/** An instruction, which the flow's codec writes outside of the list of actions. */
export const gotoTable: ActionRecord<ActionOf<'goto_table'>> = {
  numbers: [],
  words: ['goto_table'],
  write: () => {
    throw new CodecError('goto_table stands only in a flow, not in a list', 'OVS_CODEC_UNENCODABLE');
  },
  read: () => undefined,
  format: ({ table }) => `goto_table:${String(table)}`,
  parse: (rest) => ({ type: 'goto_table', table: afterColon(rest).number(254) }),
};
