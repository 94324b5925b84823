/** Addresses and CIDRs in objects that users write: canonical text, or undefined for what is none. */
import { canonicalIp, formatCidr, parseCidr } from '@sluice/core';

export const familyOf = (text: string): 4 | 6 => (text.includes(':') ? 6 : 4);

export function canonicalOr(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return canonicalIp(text);
  } catch {
    return undefined;
  }
}

/** Host bits are cleared. */
export function cidrOr(text: string): string | undefined {
  try {
    return formatCidr(parseCidr(text));
  } catch {
    return undefined;
  }
}

/** By UTF-16 code units: the same order everywhere. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const sortedSet = (texts: readonly (string | undefined)[]): readonly string[] =>
  [...new Set(texts.filter((text) => text !== undefined))].toSorted(compareText);
