/** `NXM_NX_REG0[0..15]`, `reg0[3]`, `NXM_OF_ETH_SRC[]`. */
import { type FieldName, fieldBits, fieldNames, fieldSpec } from '../fields.js';
import { type Subfield } from '../flow.js';
import { type Span } from './scanner.js';

const byName: ReadonlyMap<string, FieldName> = new Map(
  fieldNames.flatMap((name) => {
    const { subfieldName, oxmName, ofctl, aliases = [] } = fieldSpec(name);
    const names = [name, subfieldName, oxmName, ofctl, ...aliases];
    return names.flatMap((one) => (one === undefined ? [] : [[one, name] as const]));
  }),
);

export const fieldByName = (text: string): FieldName | undefined => byName.get(text);

export function parseField(span: Span): FieldName {
  const field = fieldByName(span.text);
  if (field === undefined) throw span.fail(`"${span.text}" is not a field`);
  return field;
}

export function formatSubfield({ field, from, bits }: Subfield): string {
  const name = fieldSpec(field).subfieldName;
  if (from === 0 && bits === fieldBits(field)) return `${name}[]`;
  return bits === 1 ? `${name}[${String(from)}]` : `${name}[${String(from)}..${String(from + bits - 1)}]`;
}

const pattern = /^([A-Za-z0-9_]+)(\[(?:(\d+)(?:\.\.(\d+))?)?\])?$/;

/** Without brackets the whole field. */
export function parseSubfield(span: Span): Subfield {
  const [, name = '', brackets, first, last = first] = pattern.exec(span.text) ?? [];
  const field = fieldByName(name);
  if (field === undefined) throw span.fail(`"${span.text}" is not a field or part of one`);
  const width = fieldBits(field);
  if (brackets === undefined || first === undefined) return { field, from: 0, bits: width };
  const from = Number(first);
  const bits = Number(last) - from + 1;
  if (bits < 1 || from + bits > width) {
    throw span.slice(name.length).fail(`${field} has bits 0 to ${String(width - 1)}, not ${brackets}`);
  }
  return { field, from, bits };
}
