/** What the table of actions holds for each: wire numbers, both directions of the bytes, both directions of the text. */
import { type Action } from '../flow.js';
import { type Protocols } from '../match.js';
import { type Span } from '../text/scanner.js';
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';

/** NX_VENDOR_ID. */
export const nicira = 0x2320;

export type ActionType = Action['type'];
export type ActionOf<T extends ActionType> = Extract<Action, { readonly type: T }>;

/** OFPAT_ number of openflow-1.5, or NXAST_ subtype of nicira-ext.h. */
export type ActionNumber = { readonly standard: number } | { readonly nicira: number };

/** Lists inside of an action (ct's exec) go back through the table. */
export interface ActionList {
  write(writer: Writer, actions: readonly Action[], protocols: Protocols | undefined): void;
  read(reader: Reader): readonly Action[];
  format(actions: readonly Action[]): string;
  parse(span: Span): readonly Action[];
}

export interface ActionRecord<A extends Action> {
  readonly numbers: readonly ActionNumber[];
  /** First words of the text. */
  readonly words: readonly string[];
  /** The whole action, padded to 8 bytes. `protocols` is what the match says; absent in buckets and packet-outs. */
  write(writer: Writer, action: A, context: WriteContext): void;
  /** From behind type, length and, for Nicira's, vendor and subtype. Undefined: it says more than our types can. */
  read(reader: Reader, list: ActionList): Action | undefined;
  format(action: A, list: ActionList): string;
  /** `rest` is what follows the word, such as `:5` or `(…)`. */
  parse(rest: Span, list: ActionList, word: Span): A;
}

export interface WriteContext {
  readonly list: ActionList;
  readonly protocols: Protocols | undefined;
}

/** Writes type and length around `body`. */
export function writeStandard(writer: Writer, type: number, body: () => void): void {
  const start = writer.length;
  writer.u16(type);
  writer.u16(0);
  body();
  writer.pad8(start);
  writer.patchLength(start + 2, start);
}

export function writeNicira(writer: Writer, subtype: number, body: () => void): void {
  writeStandard(writer, 0xffff, () => {
    writer.u32(nicira);
    writer.u16(subtype);
    body();
  });
}

/** An argument after `:`. */
export function afterColon(rest: Span): Span {
  if (!rest.text.startsWith(':')) throw rest.fail('":" and a value expected');
  return rest.slice(1);
}

/** `key=value` pieces of a list in parentheses; a piece without `=` has an empty value. */
export function keyValues(span: Span): readonly (readonly [key: Span, value: Span])[] {
  return span.split(',').map((piece) => {
    const text = piece.text;
    const open = text.search(/[=(]/);
    if (open < 0) return [piece, piece.slice(text.length)] as const;
    return [piece.slice(0, open), piece.slice(text.charAt(open) === '=' ? open + 1 : open)] as const;
  });
}
