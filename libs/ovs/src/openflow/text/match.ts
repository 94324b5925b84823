/** A match as ovs-ofctl prints and reads it: protocol words (`tcp6`), `nw_`/`dl_`/`tp_` names, fixed order. lib/match.c. */
import { TextError } from '../../errors.js';
import { type FieldName, fieldBits, fieldSpec } from '../fields.js';
import { type MatchField } from '../flow.js';
import { canonicalMatch, type Protocols, protocolsOf } from '../match.js';
import { type Span } from './scanner.js';
import { fieldByName, parseSubfield } from './subfield.js';
import { formatValue, parseValue } from './values.js';

/** Words that stand for an Ethernet type and, with the second number, an IP protocol. */
const protocolWords: ReadonlyMap<string, readonly [ethType: number, ipProto?: number]> = new Map([
  ['ip', [0x0800]],
  ['ipv6', [0x86dd]],
  ['icmp', [0x0800, 1]],
  ['icmp6', [0x86dd, 58]],
  ['tcp', [0x0800, 6]],
  ['tcp6', [0x86dd, 6]],
  ['udp', [0x0800, 17]],
  ['udp6', [0x86dd, 17]],
  ['sctp', [0x0800, 132]],
  ['sctp6', [0x86dd, 132]],
  ['arp', [0x0806]],
  ['rarp', [0x8035]],
  ['mpls', [0x8847]],
  ['mplsm', [0x8848]],
]);
const byNumbers = new Map([...protocolWords].map(([word, numbers]) => [numbers.join(), word]));

/** In the order of match_format() in lib/match.c; `protocol` is where the protocol word stands. */
const order: readonly (FieldName | 'protocol')[] = [
  'pkt_mark',
  'recirc_id',
  'dp_hash',
  'conj_id',
  'actset_output',
  'ct_state',
  'ct_zone',
  'ct_mark',
  'ct_label',
  'ct_nw_src',
  'ct_ipv6_src',
  'ct_nw_dst',
  'ct_ipv6_dst',
  'ct_nw_proto',
  'ct_tp_src',
  'ct_tp_dst',
  'protocol',
  ...Array.from({ length: 16 }, (_, i) => `reg${String(i)}` as FieldName),
  'tun_id',
  'tun_src',
  'tun_dst',
  'tun_ipv6_src',
  'tun_ipv6_dst',
  'tun_gbp_id',
  'tun_gbp_flags',
  'tun_flags',
  'metadata',
  'in_port',
  'in_port_nxm',
  'vlan_tci',
  'vlan_vid',
  'vlan_pcp',
  'eth_src',
  'eth_dst',
  'eth_type',
  'ipv6_src',
  'ipv6_dst',
  'ipv6_label',
  'arp_spa',
  'arp_tpa',
  'ip_src',
  'ip_dst',
  'ip_proto',
  'arp_op',
  'arp_sha',
  'arp_tha',
  'nw_tos',
  'ip_dscp',
  'ip_ecn',
  'nw_ttl',
  'mpls_label',
  'mpls_tc',
  'mpls_ttl',
  'mpls_bos',
  'ip_frag',
  'icmp_type',
  'icmp_code',
  'icmpv6_type',
  'icmpv6_code',
  'nd_target',
  'nd_sll',
  'nd_tll',
  'nd_reserved',
  'nd_options_type',
  'tcp_src',
  'tcp_dst',
  'udp_src',
  'udp_dst',
  'sctp_src',
  'sctp_dst',
  'tcp_flags',
];
const position: ReadonlyMap<string, number> = new Map(order.map((name, i) => [name, i]));
const placed = (name: string): number => position.get(name) ?? order.length;

interface Word {
  readonly word: string;
  readonly coversProto: boolean;
}

function wordOf({ ethType, ipProto }: Protocols): Word | undefined {
  if (ethType === undefined) return undefined;
  const both = ipProto === undefined ? undefined : byNumbers.get(`${String(ethType)},${String(ipProto)}`);
  const word = both ?? byNumbers.get(String(ethType));
  return word === undefined ? undefined : { word, coversProto: both !== undefined };
}

/** VLAN fields have ways of their own: `dl_vlan=5` is a tag with that id, `vlan_tci=…` anything else. */
function formatVlan({ value, mask }: MatchField): string {
  if (mask === undefined && (value & 0x1000n) !== 0n) return `dl_vlan=${String(value & 0xfffn)}`;
  const hex = (bits: bigint): string => `0x${bits.toString(16).padStart(4, '0')}`;
  return `vlan_tci=${hex(value)}/${hex(mask ?? 0x1fffn)}`;
}

function formatLabel({ value, mask }: MatchField): string {
  const hex = (bits: bigint): string => `0x${bits.toString(16).padStart(5, '0')}`;
  return mask === undefined ? hex(value) : `${hex(value)}/${hex(mask)}`;
}

function formatField(match: MatchField): string {
  const { field } = match;
  if (field === 'vlan_vid') return formatVlan(match);
  if (field === 'vlan_pcp') return `dl_vlan_pcp=${String(match.value)}`;
  if (field === 'ip_dscp') return `nw_tos=${String(match.value << 2n)}`;
  if (field === 'ipv6_label') return `ipv6_label=${formatLabel(match)}`;
  if (field === 'eth_type') return `dl_type=0x${match.value.toString(16).padStart(4, '0')}`;
  const name = fieldSpec(field).matchName ?? field;
  return `${name}=${formatValue(field, match)}`;
}

/** Comma-separated, without the priority. Empty for a match on everything. */
export function formatMatch(match: readonly MatchField[]): string {
  const fields = canonicalMatch(match);
  const word = wordOf(protocolsOf(fields));
  const hidden = (name: FieldName): boolean =>
    word !== undefined && (name === 'eth_type' || (name === 'ip_proto' && word.coversProto));
  const parts = fields
    .filter(({ field }) => !hidden(field))
    .map((field) => ({ at: placed(field.field), text: formatField(field) }));
  if (word !== undefined) parts.push({ at: placed('protocol'), text: word.word });
  return parts
    .sort((a, b) => a.at - b.at)
    .map(({ text }) => text)
    .join(',');
}

/** `tp_src` and the like mean another field with each protocol, which may stand after them in the text. */
const byProtocol: ReadonlyMap<string, (protocols: Protocols) => FieldName | undefined> = new Map([
  ...(['src', 'dst'] as const).map(
    (end) =>
      [
        `tp_${end}`,
        ({ ipProto }: Protocols): FieldName | undefined =>
          ipProto === 6
            ? (`tcp_${end}` as const)
            : ipProto === 17
              ? (`udp_${end}` as const)
              : ipProto === 132
                ? (`sctp_${end}` as const)
                : undefined,
      ] as const,
  ),
  ...(['type', 'code'] as const).map(
    (part) =>
      [
        `icmp_${part}`,
        ({ ipProto }: Protocols): FieldName =>
          ipProto === 58 ? (`icmpv6_${part}` as const) : (`icmp_${part}` as const),
      ] as const,
  ),
]);

type Pending = (protocols: Protocols) => MatchField;

function parseVlan(key: string, value: Span): MatchField | undefined {
  if (key === 'dl_vlan' || key === 'vlan_vid') {
    return { field: 'vlan_vid', value: value.integer(0xfffn) | 0x1000n };
  }
  if (key === 'dl_vlan_pcp') return { field: 'vlan_pcp', value: value.integer(7n) };
  if (key !== 'vlan_tci') return undefined;
  const { value: tci, mask } = parseValue('vlan_tci', value);
  const known = mask ?? 0x1fffn;
  return known === 0x1fffn
    ? { field: 'vlan_vid', value: tci }
    : { field: 'vlan_vid', value: tci & known, mask: known };
}

/** `NXM_NX_REG0[0..3]=1` in a match is the masked field. */
function parsePart(key: Span, value: Span): MatchField {
  const { field, from, bits } = parseSubfield(key);
  if (bits === fieldBits(field)) return { field, ...parseValue(field, value) };
  const shift = BigInt(from);
  const ones = (1n << BigInt(bits)) - 1n;
  return { field, value: value.integer(ones) << shift, mask: ones << shift };
}

function parseAssignment(key: Span, value: Span): Pending {
  const special = parseVlan(key.text, value);
  if (special !== undefined) return () => special;
  if (key.text === 'nw_tos' || key.text === 'ip_dscp') {
    const shift = key.text === 'nw_tos' ? 2n : 0n;
    return () => ({ field: 'ip_dscp', value: value.integer(0xffn) >> shift });
  }
  const choose = byProtocol.get(key.text);
  if (choose !== undefined) {
    return (protocols) => {
      const field = choose(protocols);
      if (field === undefined) throw key.fail(`${key.text} needs tcp, udp or sctp`);
      return { field, ...parseValue(field, value) };
    };
  }
  const field = fieldByName(key.text);
  if (field === undefined && !key.text.includes('[')) throw key.fail(`"${key.text}" is not a field`);
  const match = field === undefined ? parsePart(key, value) : { field, ...parseValue(field, value) };
  return () => match;
}

/** One comma-separated piece of a match: a protocol word or `name=value`. */
export class MatchParser {
  readonly #fixed: MatchField[] = [];
  readonly #pending: Pending[] = [];

  add(piece: Span): void {
    const word = protocolWords.get(piece.text);
    if (word !== undefined) {
      this.#fixed.push({ field: 'eth_type', value: BigInt(word[0]) });
      if (word[1] !== undefined) this.#fixed.push({ field: 'ip_proto', value: BigInt(word[1]) });
      return;
    }
    const pair = piece.cut('=');
    if (pair === undefined) throw piece.fail(`"${piece.text}" is neither a protocol nor name=value`);
    const pending = parseAssignment(...pair);
    if (byProtocol.has(pair[0].text)) this.#pending.push(pending);
    else this.#fixed.push(pending(protocolsOf([])));
  }

  /** In canonical form. */
  finish(whole: Span): readonly MatchField[] {
    const protocols = protocolsOf(this.#fixed);
    try {
      return canonicalMatch([...this.#fixed, ...this.#pending.map((pending) => pending(protocols))]);
    } catch (error) {
      if (error instanceof TextError || !(error instanceof Error)) throw error;
      throw whole.fail(error.message);
    }
  }
}

export function parseMatchSpan(span: Span): readonly MatchField[] {
  const parser = new MatchParser();
  for (const piece of span.split(', ')) parser.add(piece);
  return parser.finish(span);
}
