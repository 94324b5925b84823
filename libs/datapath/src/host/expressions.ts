/** Builders of nftables expressions, named after nft's own words; see libnftables-json(5). */
import { type NftExpression } from '@sluice/nft';

export const meta = (key: string): NftExpression => ({ meta: { key } });
export const ct = (key: string): NftExpression => ({ ct: { key } });
export const payload = (protocol: string, name: string): NftExpression => ({
  payload: { protocol, field: name },
});

export const match = (op: '==' | '!=' | 'in', left: NftExpression, right: unknown): NftExpression => ({
  match: { op, left, right },
});
export const eq = (left: NftExpression, right: unknown): NftExpression => match('==', left, right);
export const bitSet = (left: NftExpression, bit: number): NftExpression => eq({ '&': [left, bit] }, bit);

export const iif = (name: string): NftExpression => eq(meta('iifname'), name);
export const oif = (name: string): NftExpression => eq(meta('oifname'), name);
/** By the kernel's routes; without one to it an address of IPv6 is none of these, and one of IPv4 is taken for unicast. */
type DestinationType = 'local' | 'anycast' | 'broadcast' | 'multicast';
const destinationType: NftExpression = { fib: { result: 'type', flags: ['daddr'] } };
export const destinationTypeIsNot = (type: DestinationType): NftExpression =>
  match('!=', destinationType, type);
export const destinationTypeIsOneOf = (...types: readonly DestinationType[]): NftExpression =>
  eq(destinationType, { set: types });

export const accept: NftExpression = { accept: null };
export const drop: NftExpression = { drop: null };
export const notrack: NftExpression = { notrack: null };
export const goto = (target: string): NftExpression => ({ goto: { target } });
export const counter = (name: string): NftExpression => ({ counter: name });
export const setBits = (key: NftExpression, bits: number): NftExpression => ({
  mangle: { key, value: { '|': [key, bits] } },
});
export const clearBits = (key: NftExpression, bits: number): NftExpression => ({
  mangle: { key, value: { '&': [key, ~bits >>> 0] } },
});
export const verdictOf = (key: NftExpression, map: string): NftExpression => ({
  vmap: { key, data: `@${map}` },
});
