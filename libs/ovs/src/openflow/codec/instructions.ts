/**
 * A flow's actions on the wire: one Apply-Actions instruction, then what stands outside of it. openflow-1.1.h, ofp11_instruction.
 */
import { CodecError } from '../../errors.js';
import { readActions, writeActions } from '../action/list.js';
import { type Action } from '../flow.js';
import { type Protocols } from '../match.js';
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';

const gotoTable = 1;
const applyActions = 4;

type Outside = Extract<Action, { readonly type: 'goto_table' | 'raw' }>;
const isOutside = (action: Action): action is Outside =>
  action.type === 'goto_table' || (action.type === 'raw' && action.of === 'instruction');

export function writeInstructions(writer: Writer, actions: readonly Action[], protocols: Protocols): void {
  const inside = actions.some(isOutside) ? actions.filter((action) => !isOutside(action)) : actions;
  if (inside.length > 0) {
    const start = writer.length;
    writer.u16(applyActions);
    writer.zeros(6);
    writeActions(writer, inside, protocols);
    writer.patchLength(start + 2, start);
  }
  if (inside === actions) return;
  for (const action of actions.filter(isOutside)) {
    if (action.type === 'raw') {
      writer.raw(action.data);
      continue;
    }
    writer.u16(gotoTable);
    writer.u16(8);
    writer.u8(action.table);
    writer.zeros(3);
  }
}

function readInstruction(reader: Reader): readonly Action[] {
  const whole = reader.peek();
  const type = reader.u16();
  const length = reader.u16();
  if (length < 8 || length % 8 !== 0) {
    throw new CodecError(`instruction ${String(type)} has a length of ${String(length)} bytes`);
  }
  const body = reader.sub(length - 4);
  if (type === gotoTable) return [{ type: 'goto_table', table: body.u8() }];
  if (type !== applyActions) return [{ type: 'raw', of: 'instruction', data: whole.bytes(length) }];
  body.skip(4);
  return readActions(body);
}

export function readInstructions(reader: Reader): readonly Action[] {
  const actions: Action[] = [];
  while (reader.remaining > 0) actions.push(...readInstruction(reader));
  return actions;
}
