/** The table of all actions, and lists of them as bytes and as text. */
import { CodecError } from '../../errors.js';
import { type Action } from '../flow.js';
import { type Protocols } from '../match.js';
import { portByName } from '../text/ports.js';
import { type Span } from '../text/scanner.js';
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';
import { ct } from './ct.js';
import { checkPktLarger, decTtl, move, setField } from './fields.js';
import { learn } from './learn.js';
import { ctClear, gotoTable, note, raw } from './marks.js';
import { controller, group, meter, output, resubmit } from './output.js';
import {
  type ActionList,
  type ActionNumber,
  type ActionOf,
  type ActionRecord,
  type ActionType,
  nicira,
} from './record.js';

const records: { readonly [T in ActionType]: ActionRecord<ActionOf<T>> } = {
  output,
  controller,
  group,
  meter,
  set_field: setField,
  move,
  resubmit,
  check_pkt_larger: checkPktLarger,
  ct_clear: ctClear,
  dec_ttl: decTtl,
  note,
  goto_table: gotoTable,
  raw,
  ct,
  learn,
};

type AnyRecord = ActionRecord<Action>;
const recordOf = (type: ActionType): AnyRecord => records[type];
const all: readonly AnyRecord[] = Object.keys(records).map((type) => recordOf(type as ActionType));

/** Nicira's subtypes are shifted out of the way of OpenFlow's types. */
const keyOf = (number: ActionNumber): number =>
  'standard' in number ? number.standard : 0x1_0000 + number.nicira;
const byNumber: ReadonlyMap<number, AnyRecord> = new Map(
  all.flatMap((record) => record.numbers.map((number) => [keyOf(number), record] as const)),
);
const byWord: ReadonlyMap<string, AnyRecord> = new Map(
  all.flatMap((record) => record.words.map((word) => [word, record] as const)),
);

function numberOf(type: number, body: Reader): number {
  if (type !== 0xffff) return type;
  const vendor = body.u32();
  return vendor === nicira ? 0x1_0000 + body.u16() : -1;
}

function readAction(reader: Reader): Action {
  const whole = reader.peek();
  const type = reader.u16();
  const length = reader.u16();
  if (length < 8 || length % 8 !== 0) {
    throw new CodecError(`action ${String(type)} has a length of ${String(length)} bytes`);
  }
  const body = reader.sub(length - 4);
  const record = byNumber.get(numberOf(type, body));
  return record?.read(body, actionList) ?? { type: 'raw', of: 'action', data: whole.bytes(length) };
}

/** Text like `set_field:…`, `ct(…)` or a port's number or name. */
function parseAction(piece: Span): Action {
  const name = /^[A-Za-z0-9_]*/.exec(piece.text)?.[0] ?? '';
  const word = piece.slice(0, name.length);
  const record = byWord.get(name);
  if (record !== undefined) return record.parse(piece.slice(name.length), actionList, word);
  if (/^\d+$/.test(piece.text)) return { type: 'output', port: piece.number() };
  const port = portByName(piece.text);
  if (port === undefined) throw piece.fail(`"${name === '' ? piece.text : name}" is not an action`);
  return { type: 'output', port };
}

export const actionList: ActionList = {
  write(writer: Writer, actions: readonly Action[], protocols: Protocols | undefined): void {
    const context = { list: actionList, protocols };
    for (const action of actions) recordOf(action.type).write(writer, action, context);
  },
  read(reader: Reader): readonly Action[] {
    const actions: Action[] = [];
    while (reader.remaining > 0) actions.push(readAction(reader));
    return actions;
  },
  format: (actions) =>
    actions.length === 0
      ? 'drop'
      : actions.map((action) => recordOf(action.type).format(action, actionList)).join(','),
  parse(span: Span): readonly Action[] {
    const pieces = span.trim().split(', ');
    if (pieces.length === 1 && pieces[0]?.text === 'drop') return [];
    return pieces.map(parseAction);
  },
};

/** Writes actions behind each other; `protocols` is what the flow's match says, absent where there is no match. */
export const writeActions: typeof actionList.write = (...args) => actionList.write(...args);
export const readActions: typeof actionList.read = (...args) => actionList.read(...args);
/** `drop` for no actions. */
export const formatActions = (actions: readonly Action[]): string => actionList.format(actions);
