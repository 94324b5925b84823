/**
 * A match in its one canonical form: wire order, no redundant masks, xreg and xxreg as the regs they are made of
 * (Open vSwitch knows only the bits and gives them back in another cut). And the prerequisites between fields.
 */
import { CodecError } from '../errors.js';
import { type FieldName, type Prerequisite, fieldSpec } from './fields.js';
import { type MatchField } from './flow.js';
import { allOnes, checkField, wireField } from './wire/oxm.js';

/** A wider register is that many 32-bit ones, the most significant first. */
const registerParts = { xreg: 2, xxreg: 4 } as const;
const registerPattern = /^(xx?reg)(\d+)$/;
const word = 0xffff_ffffn;

function splitRegister(match: MatchField): readonly MatchField[] {
  const [, kind, index] = registerPattern.exec(match.field) ?? [];
  if ((kind !== 'xreg' && kind !== 'xxreg') || index === undefined) return [match];
  const parts = registerParts[kind];
  const mask = match.mask ?? allOnes(match.field);
  return Array.from({ length: parts }, (_, i) => {
    const shift = BigInt(32 * (parts - 1 - i));
    const part = (mask >> shift) & word;
    return {
      field: `reg${String(Number(index) * parts + i)}` as FieldName,
      value: (match.value >> shift) & word,
      ...(part !== word && { mask: part }),
    };
  });
}

/** Of `reg5` the pair `xreg2`, of which it is the lower half. */
const pairs: ReadonlyMap<FieldName, { readonly pair: FieldName; readonly shift: bigint }> = new Map(
  Array.from({ length: 16 }, (_, index) => [
    `reg${String(index)}` as FieldName,
    { pair: `xreg${String(index >> 1)}` as FieldName, shift: index % 2 === 0 ? 32n : 0n },
  ]),
);

/** A canonical match with each pair of registers as one field. Raises CodecError for a value that is wider than its register. */
export function inPairs(match: readonly MatchField[]): readonly MatchField[] {
  if (!match.some(({ field }) => pairs.has(field))) return match;
  const fields: MatchField[] = [];
  for (const entry of match) {
    const known = pairs.get(entry.field);
    if (known === undefined) {
      fields.push(entry);
      continue;
    }
    checkField(entry);
    const { pair: field, shift } = known;
    const value = entry.value << shift;
    const mask = (entry.mask ?? word) << shift;
    const last = fields.at(-1);
    const upper = last?.field === field ? last : undefined;
    if (upper !== undefined) fields.pop();
    fields.push({ field, value: (upper?.value ?? 0n) | value, mask: (upper?.mask ?? 0n) | mask });
  }
  return fields;
}

function simplified(match: MatchField): MatchField {
  const { field, value, mask } = match;
  return mask !== undefined && mask === allOnes(field) ? { field, value } : match;
}

function isCanonical(match: readonly MatchField[]): boolean {
  let last = -1;
  for (const { field, mask } of match) {
    const { rank, isWide, ones } = wireField(field);
    if (rank <= last || isWide) return false;
    if (mask !== undefined && (mask === 0n || mask === ones)) return false;
    last = rank;
  }
  return true;
}

/** Raises CodecError when a field is there twice. */
export function canonicalMatch(
  match: readonly MatchField[],
  code: CodecError['code'] = 'OVS_CODEC_UNENCODABLE',
): readonly MatchField[] {
  if (isCanonical(match)) return match;
  const fields = match
    .flatMap((entry) => (wireField(entry.field).isWide ? splitRegister(entry) : [simplified(entry)]))
    .filter(({ mask }) => mask !== 0n)
    .sort((a, b) => wireField(a.field).rank - wireField(b.field).rank);
  const twice = fields.find(({ field }, i) => fields[i + 1]?.field === field);
  if (twice !== undefined) {
    throw new CodecError(`${twice.field} is in the match twice`, code);
  }
  return fields;
}

/** What a match says about the packet's protocols. */
export interface Protocols {
  readonly ethType: number | undefined;
  readonly ipProto: number | undefined;
  readonly icmpv6Type: number | undefined;
  readonly tagged: boolean;
}

export function protocolsOf(match: readonly MatchField[]): Protocols {
  const protocols: { -readonly [K in keyof Protocols]: Protocols[K] } = {
    ethType: undefined,
    ipProto: undefined,
    icmpv6Type: undefined,
    tagged: false,
  };
  for (const { field, value } of match) {
    if (field === 'eth_type') protocols.ethType = Number(value);
    else if (field === 'ip_proto') protocols.ipProto = Number(value);
    else if (field === 'icmpv6_type') protocols.icmpv6Type = Number(value);
    else if (field === 'vlan_vid' || field === 'vlan_tci') protocols.tagged = (value & 0x1000n) !== 0n;
  }
  return protocols;
}

const isIp = ({ ethType }: Protocols): boolean => ethType === 0x0800;
const isIpv6 = ({ ethType }: Protocols): boolean => ethType === 0x86dd;
const isEither = (p: Protocols): boolean => isIp(p) || isIpv6(p);
const isIcmp6 = (p: Protocols): boolean => isIpv6(p) && p.ipProto === 58;

const satisfied: Readonly<Record<Prerequisite, (protocols: Protocols) => boolean>> = {
  none: () => true,
  vlan: ({ tagged }) => tagged,
  mpls: ({ ethType }) => ethType === 0x8847 || ethType === 0x8848,
  arp: ({ ethType }) => ethType === 0x0806 || ethType === 0x8035,
  ip: isIp,
  ipv6: isIpv6,
  'ip or ipv6': isEither,
  tcp: (p) => isEither(p) && p.ipProto === 6,
  udp: (p) => isEither(p) && p.ipProto === 17,
  sctp: (p) => isEither(p) && p.ipProto === 132,
  icmp: (p) => isIp(p) && p.ipProto === 1,
  icmp6: isIcmp6,
  nd: (p) => isIcmp6(p) && (p.icmpv6Type === 135 || p.icmpv6Type === 136),
  'nd solicit': (p) => isIcmp6(p) && p.icmpv6Type === 135,
  'nd advert': (p) => isIcmp6(p) && p.icmpv6Type === 136,
};

/** Raises CodecError naming the field when the match does not say what the field needs. */
export function checkPrerequisite(name: FieldName, protocols: Protocols): void {
  const { needs } = fieldSpec(name);
  if (needs !== 'none' && !satisfied[needs](protocols)) {
    throw new CodecError(`${name} needs a match on ${needs}`, 'OVS_CODEC_UNENCODABLE');
  }
}
