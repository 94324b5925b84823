/** ofp_match of OpenFlow 1.2 and later: type OXM, length without padding, fields, zeros to a multiple of 8. */
import { CodecError } from '../../errors.js';
import { type MatchField } from '../flow.js';
import { canonicalMatch, checkPrerequisite, inPairs, type Protocols, protocolsOf } from '../match.js';
import { readField, writeField } from '../wire/oxm.js';
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';

const oxmMatch = 1;

/**
 * Gives what the match says about protocols, which the actions after it rely on. Registers go in pairs: so Open vSwitch
 * gives them back, and what is there is known by its bytes.
 */
export function writeMatch(writer: Writer, match: readonly MatchField[]): Protocols {
  const fields = canonicalMatch(match);
  const protocols = protocolsOf(fields);
  const start = writer.length;
  writer.u16(oxmMatch);
  writer.u16(0);
  for (const field of inPairs(fields)) {
    checkPrerequisite(field.field, protocols);
    writeField(writer, field);
  }
  writer.patchLength(start + 2, start);
  writer.pad8(start);
  return protocols;
}

export function readMatch(reader: Reader): readonly MatchField[] {
  const start = reader.offset;
  const type = reader.u16();
  const length = reader.u16();
  if (type !== oxmMatch || length < 4) throw new CodecError(`match has type ${String(type)}`);
  const body = reader.sub(length - 4);
  const fields: MatchField[] = [];
  while (body.remaining > 0) fields.push(readField(body));
  reader.pad8(start);
  return canonicalMatch(fields, 'OVS_CODEC_MALFORMED');
}
