/**
 * The fields of Open vSwitch 3.1 as one table: wire header, width, mask, prerequisite and names.
 * Source: ovs-fields(7), include/openvswitch/meta-flow.h. In OpenFlow 1.5 a field goes by its OXM header where it has one,
 * else by its NXM header; ovs-ofctl writes `NXM_…[a..b]` in subfields and the short name in set_field and matches.
 */

export type FieldFormat =
  | 'decimal'
  | 'hex'
  | 'mac'
  | 'ipv4'
  | 'ipv6'
  | 'port'
  | 'port16'
  | 'frag'
  | 'ct_state'
  | 'tcp_flags'
  | 'tun_flags';

/** What the match must also say before the field exists in a packet. */
export type Prerequisite =
  | 'none'
  | 'vlan'
  | 'mpls'
  | 'arp'
  | 'ip'
  | 'ipv6'
  | 'ip or ipv6'
  | 'tcp'
  | 'udp'
  | 'sctp'
  | 'icmp'
  | 'icmp6'
  | 'nd'
  | 'nd solicit'
  | 'nd advert';

export interface OxmHeader {
  /** 0x8000 OpenFlow basic, 0x8001 packet registers, 0 and 1 Nicira, 0x1000 Ericsson. */
  readonly class: number;
  readonly number: number;
  /** Of the value alone. */
  readonly bytes: number;
}

export interface FieldSpec {
  readonly header: OxmHeader;
  /** The NXM header from before OXM, which ovs-ofctl still writes inside learn. */
  readonly legacy?: OxmHeader;
  /** Significant bits, at most 8 × header.bytes. */
  readonly bits: number;
  readonly format: FieldFormat;
  /** As in `NXM_NX_REG0[0..15]`. */
  readonly subfieldName: string;
  readonly maskable: boolean;
  readonly writable: boolean;
  readonly needs: Prerequisite;
  /** Name in `set_field:…->name` where it is not the field's own. */
  readonly ofctl?: string;
  /** Name in a match where it is not the field's own. */
  readonly matchName?: string;
  readonly oxmName?: string;
  readonly aliases?: readonly string[];
}

const oxm = (number: number, bytes: number): OxmHeader => ({ class: 0x8000, number, bytes });
const packetRegister = (number: number): OxmHeader => ({ class: 0x8001, number, bytes: 8 });
const nxm = (number: number, bytes: number): OxmHeader => ({ class: 0, number, bytes });
const nx = (number: number, bytes: number): OxmHeader => ({ class: 1, number, bytes });
/** As Open vSwitch 3.1 sends it: a class of its own, not an experimenter header. */
const ericsson = (number: number, bytes: number): OxmHeader => ({ class: 0x1000, number, bytes });

type Rest = Partial<
  Pick<
    FieldSpec,
    'legacy' | 'maskable' | 'writable' | 'needs' | 'ofctl' | 'matchName' | 'oxmName' | 'aliases'
  >
>;

/** One line for each field of the table below: four things that each has, then what is unusual. */
/* eslint-disable max-params -- a table reads by columns */
const field = (
  header: OxmHeader,
  bits: number,
  format: FieldFormat,
  subfieldName: string,
  rest: Rest = {},
): FieldSpec => ({
  header,
  bits,
  format,
  subfieldName,
  maskable: true,
  writable: true,
  needs: 'none',
  ...rest,
});
/* eslint-enable max-params */

/**
 * In the order in which a match goes out: Open vSwitch checks a field's prerequisite against what came before it.
 */
// prettier-ignore
export const fields = {
  // What came with the packet, and conjunctions
  recirc_id: field(nx(36, 4), 32, 'decimal', 'NXM_NX_RECIRC_ID', { writable: false, maskable: false }),
  dp_hash: field(nx(35, 4), 32, 'hex', 'NXM_NX_DP_HASH', { writable: false }),
  conj_id: field(nx(37, 4), 32, 'decimal', 'NXM_NX_CONJ_ID', { writable: false, maskable: false }),
  actset_output: field(oxm(43, 4), 32, 'port', 'OXM_OF_ACTSET_OUTPUT', { writable: false, maskable: false }),
  in_port: field(oxm(0, 4), 32, 'port', 'OXM_OF_IN_PORT', { maskable: false }),
  // The 16-bit twin, only as NXM_OF_IN_PORT[] in move and learn; all else uses `in_port`.
  in_port_nxm: field(nxm(0, 2), 16, 'port16', 'NXM_OF_IN_PORT', { maskable: false }),
  // Ethernet
  eth_src: field(oxm(4, 6), 48, 'mac', 'NXM_OF_ETH_SRC', { legacy: nxm(2, 6), aliases: ['dl_src'], oxmName: 'OXM_OF_ETH_SRC', matchName: 'dl_src' }),
  eth_dst: field(oxm(3, 6), 48, 'mac', 'NXM_OF_ETH_DST', { legacy: nxm(1, 6), aliases: ['dl_dst'], oxmName: 'OXM_OF_ETH_DST', matchName: 'dl_dst' }),
  eth_type: field(oxm(5, 2), 16, 'hex', 'NXM_OF_ETH_TYPE', { legacy: nxm(3, 2), aliases: ['dl_type'], oxmName: 'OXM_OF_ETH_TYPE', matchName: 'dl_type', writable: false, maskable: false }),
  // The OpenFlow VLAN id carries the "present" bit (OFPVID_PRESENT, 0x1000) as its 13th.
  vlan_vid: field(oxm(6, 2), 13, 'decimal', 'OXM_OF_VLAN_VID'),
  vlan_pcp: field(oxm(7, 1), 3, 'decimal', 'OXM_OF_VLAN_PCP', { maskable: false, needs: 'vlan' }),
  vlan_tci: field(nxm(4, 2), 16, 'hex', 'NXM_OF_VLAN_TCI'),
  mpls_label: field(oxm(34, 4), 20, 'decimal', 'OXM_OF_MPLS_LABEL', { maskable: false, needs: 'mpls' }),
  mpls_tc: field(oxm(35, 1), 3, 'decimal', 'OXM_OF_MPLS_TC', { maskable: false, needs: 'mpls' }),
  mpls_bos: field(oxm(36, 1), 1, 'decimal', 'OXM_OF_MPLS_BOS', { maskable: false, writable: false, needs: 'mpls' }),
  mpls_ttl: field(nx(30, 1), 8, 'decimal', 'NXM_NX_MPLS_TTL', { maskable: false, needs: 'mpls' }),
  // IPv4 and IPv6
  ip_src: field(oxm(11, 4), 32, 'ipv4', 'NXM_OF_IP_SRC', { legacy: nxm(7, 4), aliases: ['nw_src'], oxmName: 'OXM_OF_IPV4_SRC', matchName: 'nw_src', needs: 'ip' }),
  ip_dst: field(oxm(12, 4), 32, 'ipv4', 'NXM_OF_IP_DST', { legacy: nxm(8, 4), aliases: ['nw_dst'], oxmName: 'OXM_OF_IPV4_DST', matchName: 'nw_dst', needs: 'ip' }),
  ipv6_src: field(oxm(26, 16), 128, 'ipv6', 'NXM_NX_IPV6_SRC', { legacy: nx(19, 16), oxmName: 'OXM_OF_IPV6_SRC', needs: 'ipv6' }),
  ipv6_dst: field(oxm(27, 16), 128, 'ipv6', 'NXM_NX_IPV6_DST', { legacy: nx(20, 16), oxmName: 'OXM_OF_IPV6_DST', needs: 'ipv6' }),
  ipv6_label: field(oxm(28, 4), 20, 'hex', 'NXM_NX_IPV6_LABEL', { legacy: nx(27, 4), oxmName: 'OXM_OF_IPV6_FLABEL', needs: 'ipv6' }),
  ip_proto: field(oxm(10, 1), 8, 'decimal', 'NXM_OF_IP_PROTO', { legacy: nxm(6, 1), aliases: ['nw_proto'], oxmName: 'OXM_OF_IP_PROTO', matchName: 'nw_proto', ofctl: 'nw_proto', maskable: false, writable: false, needs: 'ip or ipv6' }),
  ip_frag: field(nx(26, 1), 2, 'frag', 'NXM_NX_IP_FRAG', { aliases: ['nw_frag'], matchName: 'nw_frag', writable: false, needs: 'ip or ipv6' }),
  ip_dscp: field(oxm(8, 1), 6, 'decimal', 'OXM_OF_IP_DSCP', { maskable: false, needs: 'ip or ipv6' }),
  nw_tos: field(nxm(5, 1), 8, 'decimal', 'NXM_OF_IP_TOS', { maskable: false, needs: 'ip or ipv6' }),
  ip_ecn: field(oxm(9, 1), 2, 'decimal', 'NXM_NX_IP_ECN', { legacy: nx(28, 1), aliases: ['nw_ecn'], oxmName: 'OXM_OF_IP_ECN', matchName: 'nw_ecn', ofctl: 'nw_ecn', maskable: false, needs: 'ip or ipv6' }),
  nw_ttl: field(nx(29, 1), 8, 'decimal', 'NXM_NX_IP_TTL', { maskable: false, needs: 'ip or ipv6' }),
  // ARP
  arp_op: field(oxm(21, 2), 16, 'decimal', 'NXM_OF_ARP_OP', { legacy: nxm(15, 2), oxmName: 'OXM_OF_ARP_OP', maskable: false, needs: 'arp' }),
  arp_spa: field(oxm(22, 4), 32, 'ipv4', 'NXM_OF_ARP_SPA', { legacy: nxm(16, 4), oxmName: 'OXM_OF_ARP_SPA', needs: 'arp' }),
  arp_tpa: field(oxm(23, 4), 32, 'ipv4', 'NXM_OF_ARP_TPA', { legacy: nxm(17, 4), oxmName: 'OXM_OF_ARP_TPA', needs: 'arp' }),
  arp_sha: field(oxm(24, 6), 48, 'mac', 'NXM_NX_ARP_SHA', { legacy: nx(17, 6), oxmName: 'OXM_OF_ARP_SHA', needs: 'arp' }),
  arp_tha: field(oxm(25, 6), 48, 'mac', 'NXM_NX_ARP_THA', { legacy: nx(18, 6), oxmName: 'OXM_OF_ARP_THA', needs: 'arp' }),
  // Transport; ovs-ofctl writes tp_src and tp_dst for every protocol
  tcp_src: field(oxm(13, 2), 16, 'decimal', 'NXM_OF_TCP_SRC', { aliases: ['tp_src'], legacy: nxm(9, 2), oxmName: 'OXM_OF_TCP_SRC', matchName: 'tp_src', needs: 'tcp' }),
  tcp_dst: field(oxm(14, 2), 16, 'decimal', 'NXM_OF_TCP_DST', { aliases: ['tp_dst'], legacy: nxm(10, 2), oxmName: 'OXM_OF_TCP_DST', matchName: 'tp_dst', needs: 'tcp' }),
  udp_src: field(oxm(15, 2), 16, 'decimal', 'NXM_OF_UDP_SRC', { legacy: nxm(11, 2), oxmName: 'OXM_OF_UDP_SRC', matchName: 'tp_src', needs: 'udp' }),
  udp_dst: field(oxm(16, 2), 16, 'decimal', 'NXM_OF_UDP_DST', { legacy: nxm(12, 2), oxmName: 'OXM_OF_UDP_DST', matchName: 'tp_dst', needs: 'udp' }),
  sctp_src: field(oxm(17, 2), 16, 'decimal', 'OXM_OF_SCTP_SRC', { matchName: 'tp_src', needs: 'sctp' }),
  sctp_dst: field(oxm(18, 2), 16, 'decimal', 'OXM_OF_SCTP_DST', { matchName: 'tp_dst', needs: 'sctp' }),
  tcp_flags: field(oxm(42, 2), 12, 'tcp_flags', 'NXM_NX_TCP_FLAGS', { legacy: nx(34, 2), oxmName: 'OXM_OF_TCP_FLAGS', writable: false, needs: 'tcp' }),
  // ICMP and neighbour discovery
  icmp_type: field(oxm(19, 1), 8, 'decimal', 'NXM_OF_ICMP_TYPE', { legacy: nxm(13, 1), oxmName: 'OXM_OF_ICMPV4_TYPE', maskable: false, needs: 'icmp' }),
  icmp_code: field(oxm(20, 1), 8, 'decimal', 'NXM_OF_ICMP_CODE', { legacy: nxm(14, 1), oxmName: 'OXM_OF_ICMPV4_CODE', maskable: false, needs: 'icmp' }),
  icmpv6_type: field(oxm(29, 1), 8, 'decimal', 'NXM_NX_ICMPV6_TYPE', { legacy: nx(21, 1), oxmName: 'OXM_OF_ICMPV6_TYPE', matchName: 'icmp_type', maskable: false, needs: 'icmp6' }),
  icmpv6_code: field(oxm(30, 1), 8, 'decimal', 'NXM_NX_ICMPV6_CODE', { legacy: nx(22, 1), oxmName: 'OXM_OF_ICMPV6_CODE', matchName: 'icmp_code', maskable: false, needs: 'icmp6' }),
  nd_reserved: field(ericsson(1, 4), 32, 'decimal', 'ERICOXM_OF_ICMPV6_ND_RESERVED', { maskable: false, needs: 'nd' }),
  nd_options_type: field(ericsson(2, 1), 8, 'decimal', 'ERICOXM_OF_ICMPV6_ND_OPTIONS_TYPE', { maskable: false, needs: 'nd' }),
  nd_target: field(oxm(31, 16), 128, 'ipv6', 'NXM_NX_ND_TARGET', { legacy: nx(23, 16), oxmName: 'OXM_OF_IPV6_ND_TARGET', needs: 'nd' }),
  nd_sll: field(oxm(32, 6), 48, 'mac', 'NXM_NX_ND_SLL', { legacy: nx(24, 6), oxmName: 'OXM_OF_IPV6_ND_SLL', needs: 'nd solicit' }),
  nd_tll: field(oxm(33, 6), 48, 'mac', 'NXM_NX_ND_TLL', { legacy: nx(25, 6), oxmName: 'OXM_OF_IPV6_ND_TLL', needs: 'nd advert' }),
  // Tunnel
  tun_id: field(oxm(38, 8), 64, 'hex', 'NXM_NX_TUN_ID', { legacy: nx(16, 8), aliases: ['tunnel_id'], oxmName: 'OXM_OF_TUNNEL_ID' }),
  tun_src: field(nx(31, 4), 32, 'ipv4', 'NXM_NX_TUN_IPV4_SRC'),
  tun_dst: field(nx(32, 4), 32, 'ipv4', 'NXM_NX_TUN_IPV4_DST'),
  tun_ipv6_src: field(nx(109, 16), 128, 'ipv6', 'NXM_NX_TUN_IPV6_SRC'),
  tun_ipv6_dst: field(nx(110, 16), 128, 'ipv6', 'NXM_NX_TUN_IPV6_DST'),
  tun_flags: field(nx(104, 2), 1, 'tun_flags', 'NXM_NX_TUN_FLAGS'),
  tun_gbp_id: field(nx(38, 2), 16, 'decimal', 'NXM_NX_TUN_GBP_ID'),
  tun_gbp_flags: field(nx(39, 1), 8, 'hex', 'NXM_NX_TUN_GBP_FLAGS'),
  // Registers: xreg and xxreg are the same bits as two and four regs, most significant first
  reg0: field(nx(0, 4), 32, 'hex', 'NXM_NX_REG0'),
  reg1: field(nx(1, 4), 32, 'hex', 'NXM_NX_REG1'),
  reg2: field(nx(2, 4), 32, 'hex', 'NXM_NX_REG2'),
  reg3: field(nx(3, 4), 32, 'hex', 'NXM_NX_REG3'),
  reg4: field(nx(4, 4), 32, 'hex', 'NXM_NX_REG4'),
  reg5: field(nx(5, 4), 32, 'hex', 'NXM_NX_REG5'),
  reg6: field(nx(6, 4), 32, 'hex', 'NXM_NX_REG6'),
  reg7: field(nx(7, 4), 32, 'hex', 'NXM_NX_REG7'),
  reg8: field(nx(8, 4), 32, 'hex', 'NXM_NX_REG8'),
  reg9: field(nx(9, 4), 32, 'hex', 'NXM_NX_REG9'),
  reg10: field(nx(10, 4), 32, 'hex', 'NXM_NX_REG10'),
  reg11: field(nx(11, 4), 32, 'hex', 'NXM_NX_REG11'),
  reg12: field(nx(12, 4), 32, 'hex', 'NXM_NX_REG12'),
  reg13: field(nx(13, 4), 32, 'hex', 'NXM_NX_REG13'),
  reg14: field(nx(14, 4), 32, 'hex', 'NXM_NX_REG14'),
  reg15: field(nx(15, 4), 32, 'hex', 'NXM_NX_REG15'),
  xreg0: field(packetRegister(0), 64, 'hex', 'OXM_OF_PKT_REG0'),
  xreg1: field(packetRegister(1), 64, 'hex', 'OXM_OF_PKT_REG1'),
  xreg2: field(packetRegister(2), 64, 'hex', 'OXM_OF_PKT_REG2'),
  xreg3: field(packetRegister(3), 64, 'hex', 'OXM_OF_PKT_REG3'),
  xreg4: field(packetRegister(4), 64, 'hex', 'OXM_OF_PKT_REG4'),
  xreg5: field(packetRegister(5), 64, 'hex', 'OXM_OF_PKT_REG5'),
  xreg6: field(packetRegister(6), 64, 'hex', 'OXM_OF_PKT_REG6'),
  xreg7: field(packetRegister(7), 64, 'hex', 'OXM_OF_PKT_REG7'),
  xxreg0: field(nx(111, 16), 128, 'hex', 'NXM_NX_XXREG0'),
  xxreg1: field(nx(112, 16), 128, 'hex', 'NXM_NX_XXREG1'),
  xxreg2: field(nx(113, 16), 128, 'hex', 'NXM_NX_XXREG2'),
  xxreg3: field(nx(114, 16), 128, 'hex', 'NXM_NX_XXREG3'),
  // Connection tracking, then the original direction of a tracked connection
  pkt_mark: field(nx(33, 4), 32, 'hex', 'NXM_NX_PKT_MARK'),
  ct_state: field(nx(105, 4), 32, 'ct_state', 'NXM_NX_CT_STATE', { writable: false }),
  ct_zone: field(nx(106, 2), 16, 'decimal', 'NXM_NX_CT_ZONE', { writable: false, maskable: false }),
  ct_mark: field(nx(107, 4), 32, 'hex', 'NXM_NX_CT_MARK'),
  ct_label: field(nx(108, 16), 128, 'hex', 'NXM_NX_CT_LABEL'),
  ct_nw_src: field(nx(120, 4), 32, 'ipv4', 'NXM_NX_CT_NW_SRC', { writable: false, needs: 'ip' }),
  ct_nw_dst: field(nx(121, 4), 32, 'ipv4', 'NXM_NX_CT_NW_DST', { writable: false, needs: 'ip' }),
  ct_ipv6_src: field(nx(122, 16), 128, 'ipv6', 'NXM_NX_CT_IPV6_SRC', { writable: false, needs: 'ipv6' }),
  ct_ipv6_dst: field(nx(123, 16), 128, 'ipv6', 'NXM_NX_CT_IPV6_DST', { writable: false, needs: 'ipv6' }),
  ct_nw_proto: field(nx(119, 1), 8, 'decimal', 'NXM_NX_CT_NW_PROTO', { writable: false, maskable: false, needs: 'ip or ipv6' }),
  ct_tp_src: field(nx(124, 2), 16, 'decimal', 'NXM_NX_CT_TP_SRC', { writable: false, needs: 'ip or ipv6' }),
  ct_tp_dst: field(nx(125, 2), 16, 'decimal', 'NXM_NX_CT_TP_DST', { writable: false, needs: 'ip or ipv6' }),
  metadata: field(oxm(2, 8), 64, 'hex', 'OXM_OF_METADATA'),
};

export type FieldName = keyof typeof fields;

export const fieldNames = Object.keys(fields) as readonly FieldName[];
const ranks: ReadonlyMap<string, number> = new Map(fieldNames.map((name, i) => [name, i]));
/** Position in the table. */
export const rankOf = (name: FieldName): number => ranks.get(name) ?? 0;
export const fieldSpec = (name: FieldName): FieldSpec => fields[name];
export const fieldBits = (name: FieldName): number => fields[name].bits;
