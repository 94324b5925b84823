/**
 * Cookies: owner (bits 63..56), kind of the source object (55..48), object id (47..0). Nothing random: the same
 * intent gives the same cookies, so that a restart changes no flow.
 */
import { type IpAddress } from '@sluice/core';

/** Who may touch a flow. Flows of an owner that is not listed here are foreign and stay. */
export const cookieOwners = {
  /** Compiled from the intent: `diff` owns them. */
  compiled: 0x5c,
  /** Learned neighbours of table 44: they come and go by themselves. */
  learned: 0x4e,
  /** Gate entries (slot protocol): the coordination owns them. */
  gate: 0x6a,
} as const;

export const cookieKinds = {
  node: 1,
  peer: 2,
  gateway: 3,
  pod: 4,
  route: 5,
  pool: 6,
  egress: 7,
  address: 8,
  service: 9,
} as const;
export type CookieKind = keyof typeof cookieKinds;

const objectBits = 48n;
const objectMask = (1n << objectBits) - 1n;

export const cookie = (kind: CookieKind, object: bigint): bigint =>
  (BigInt(cookieOwners.compiled) << 56n) | (BigInt(cookieKinds[kind]) << objectBits) | (object & objectMask);

export const learnedCookie = BigInt(cookieOwners.learned) << 56n;

export const cookieOwner = (value: bigint): number => Number(value >> 56n);
export const isCompiled = (value: bigint): boolean => cookieOwner(value) === cookieOwners.compiled;

/** What a cookie says, for `explain` and logs. */
export function describeCookie(value: bigint): {
  owner: number;
  kind: CookieKind | undefined;
  object: bigint;
} {
  const number = Number((value >> objectBits) & 0xffn);
  const names = Object.keys(cookieKinds) as CookieKind[];
  const kind = names.find((name) => cookieKinds[name] === number);
  return {
    owner: cookieOwner(value),
    kind: isCompiled(value) ? kind : undefined,
    object: value & objectMask,
  };
}

/** 32-bit FNV-1a from a chosen start value. */
function fnv1a(text: string, start: number): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Objects without a numeric id (Pods) are named by 48 bits of a hash of their key; a clash only blurs `explain`. */
export const objectHash = (key: string): bigint =>
  (BigInt(fnv1a(key, 0x811c9dc5)) << 16n) | BigInt(fnv1a(key, 0x9747b28c) & 0xffff);

/** IPv4 addresses name themselves, IPv6 addresses are folded. */
export const addressObject = ({ family, value }: IpAddress): bigint =>
  family === 4 ? value : (value ^ (value >> 48n) ^ (value >> 96n)) & objectMask;
