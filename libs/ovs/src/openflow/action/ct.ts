/** NXAST_CT: connection tracking with NAT and the actions that write its mark and label. nicira-ext.h, nx_action_conntrack. */
import { type CtAction, type NatAction } from '../flow.js';
import { type Span } from '../text/scanner.js';
import { formatSubfield, parseSubfield } from '../text/subfield.js';
import { readHeader, writeHeader } from '../wire/oxm.js';
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';
import { checkSubfield, isFieldText, subfieldOf } from './fields.js';
import { formatNat, natSubtype, parseNat, readNat, writeNat } from './nat.js';
import { type ActionList, type ActionRecord, keyValues, nicira, writeNicira } from './record.js';

const commitFlag = 1;
const forceFlag = 2;
const noTable = 0xff;

function writeZone(writer: Writer, { zone = 0, zoneFrom }: CtAction): void {
  if (zoneFrom === undefined) {
    writer.u32(0);
    writer.u16(zone);
    return;
  }
  checkSubfield(zoneFrom);
  writeHeader(writer, zoneFrom.field, 'legacy');
  writer.u16((zoneFrom.from << 6) | (zoneFrom.bits - 1));
}

function readZone(reader: Reader): Pick<CtAction, 'zone' | 'zoneFrom'> {
  const source = reader.sub(4);
  const bits = reader.u16();
  if (source.peek().u32() === 0) return bits === 0 ? {} : { zone: bits };
  const field = readHeader(source);
  return { zoneFrom: subfieldOf(field, bits >> 6, (bits & 0x3f) + 1) };
}

/** The first action inside may be NAT, which the table of actions does not have. */
function readFirstNat(reader: Reader): NatAction | undefined {
  if (reader.remaining < 16) return undefined;
  const probe = reader.peek();
  const [type, length] = [probe.u16(), probe.u16()];
  if (type !== 0xffff || probe.u32() !== nicira || probe.u16() !== natSubtype) return undefined;
  const body = reader.sub(length);
  body.skip(10);
  return readNat(body);
}

function format(action: CtAction, list: ActionList): string {
  const { commit, force, table, zone = 0, zoneFrom, nat, exec = [] } = action;
  const parts = [
    ...(commit === true ? ['commit'] : []),
    ...(force === true ? ['force'] : []),
    ...(table === undefined ? [] : [`table=${String(table)}`]),
    ...(zoneFrom === undefined ? [] : [`zone=${formatSubfield(zoneFrom)}`]),
    ...(zoneFrom !== undefined || zone === 0 ? [] : [`zone=${String(zone)}`]),
    ...(nat === undefined ? [] : [formatNat(nat)]),
    ...(exec.length === 0 ? [] : [`exec(${list.format(exec)})`]),
  ];
  return parts.length === 0 ? 'ct' : `ct(${parts.join(',')})`;
}

type CtPart = (value: Span, list: ActionList) => Partial<CtAction>;

const parts: ReadonlyMap<string, CtPart> = new Map<string, CtPart>([
  ['commit', () => ({ commit: true })],
  ['force', () => ({ force: true })],
  ['table', (value) => ({ table: value.number(254) })],
  [
    'zone',
    (value) => {
      if (isFieldText(value)) return { zoneFrom: parseSubfield(value) };
      const zone = value.number(0xffff);
      return zone === 0 ? {} : { zone };
    },
  ],
  ['nat', (value) => ({ nat: parseNat(value) })],
  ['exec', (value, list) => ({ exec: list.parse(value.inParentheses()) })],
]);

function parse(rest: Span, list: ActionList): CtAction {
  let action: CtAction = { type: 'ct' };
  if (rest.isEmpty) return action;
  for (const [key, value] of keyValues(rest.inParentheses())) {
    const part = parts.get(key.text);
    if (part === undefined) throw key.fail(`ct takes no "${key.text}"`);
    action = { ...action, ...part(value, list) };
  }
  return action;
}

export const ct: ActionRecord<CtAction> = {
  numbers: [{ nicira: 35 }],
  words: ['ct'],
  write: (writer, action, { list, protocols }) => {
    writeNicira(writer, 35, () => {
      writer.u16((action.commit === true ? commitFlag : 0) | (action.force === true ? forceFlag : 0));
      writeZone(writer, action);
      writer.u8(action.table ?? noTable);
      writer.zeros(5);
      if (action.nat !== undefined) writeNat(writer, action.nat);
      if (action.exec !== undefined) list.write(writer, action.exec, protocols);
    });
  },
  read: (reader, list) => {
    const flags = reader.u16();
    const zone = readZone(reader);
    const table = reader.u8();
    reader.skip(3);
    const helper = reader.u16();
    const nat = readFirstNat(reader);
    const exec = list.read(reader);
    if (helper !== 0 || flags > (commitFlag | forceFlag)) return undefined;
    return {
      type: 'ct',
      ...((flags & commitFlag) !== 0 && { commit: true }),
      ...((flags & forceFlag) !== 0 && { force: true }),
      ...zone,
      ...(table !== noTable && { table }),
      ...(nat !== undefined && { nat }),
      ...(exec.length > 0 && { exec }),
    };
  },
  format,
  parse,
};
