/**
 * Which bits of packet and connection marks the rules of a node name. Pure: listings in, bits out.
 *
 * A rule names the bits of its mask. One that compares or sets the whole mark names those of its value: `fwmark 1` is no
 * claim to all 32.
 */
import { type Rule } from '@sluice/netlink';

export interface MarkUse {
  /** 32 bits, unsigned. */
  readonly bits: number;
  /** The rule, as an admin finds it. */
  readonly where: string;
}

const whole = 0xffff_ffff;
const unsigned = (value: number): number => value >>> 0;
const named = (value: number, mask: number): number => unsigned(mask === whole ? value : mask);

/** Undefined: no object, or none with such a field. */
const field = (json: unknown, key: string): unknown =>
  json !== null && typeof json === 'object' ? (json as Readonly<Record<string, unknown>>)[key] : undefined;
const list = (json: unknown): readonly unknown[] => (Array.isArray(json) ? (json as readonly unknown[]) : []);
const text = (json: unknown): string =>
  typeof json === 'string' || typeof json === 'number' ? String(json) : '';

const isMark = (json: unknown): boolean =>
  ['meta', 'ct'].some((kind) => field(field(json, kind), 'key') === 'mark');

const numbersIn = (json: unknown): readonly number[] => {
  if (typeof json === 'number') return [json];
  return json !== null && typeof json === 'object' ? Object.values(json).flatMap(numbersIn) : [];
};

const anyOf = (values: readonly number[]): number => unsigned(values.reduce((all, value) => all | value, 0));

/** A mark, alone or masked: the bits of the mask; undefined: something else. */
function maskOf(json: unknown): number | undefined {
  if (isMark(json)) return whole;
  const [left, right] = list(field(json, '&'));
  return isMark(left) ? anyOf(numbersIn(right)) : undefined;
}

/** Bits that an expression sets, clears or flips in the mark which it is made of. */
function changedBy(json: unknown): number {
  if (typeof json === 'number') return unsigned(json);
  for (const operator of ['|', '^', '&'] as const) {
    const [left, right] = list(field(json, operator));
    if (right === undefined) continue;
    const value = anyOf(numbersIn(right));
    return unsigned(changedBy(left) | (operator === '&' ? ~value : value));
  }
  return 0;
}

function bitsOfStatement(statement: unknown): number {
  const match = field(statement, 'match');
  const matched = maskOf(field(match, 'left'));
  if (matched !== undefined) return named(anyOf(numbersIn(field(match, 'right'))), matched);
  const mangle = field(statement, 'mangle');
  if (isMark(field(mangle, 'key'))) return changedBy(field(mangle, 'value'));
  const key = maskOf(field(field(statement, 'vmap'), 'key'));
  return key === undefined || key === whole ? 0 : key;
}

/** Of `nft -j list ruleset`; `own` are the names of tables that do not count. */
export function marksOfNft(listing: string, own: readonly string[]): readonly MarkUse[] {
  const objects = list(field(JSON.parse(listing), 'nftables'));
  return objects.flatMap((object) => {
    const rule = field(object, 'rule');
    const [family = '', table = '', chain = '', handle = ''] = ['family', 'table', 'chain', 'handle'].map(
      (key) => text(field(rule, key)),
    );
    if (rule === undefined || own.includes(table)) return [];
    const bits = anyOf(list(field(rule, 'expr')).map(bitsOfStatement));
    const where = `nft rule ${handle} of chain ${chain} in table ${family} ${table}`;
    return bits === 0 ? [] : [{ bits, where }];
  });
}

/** Of rules that lead to tables other than ours. */
export const marksOfRules = (rules: readonly Rule[], ownTables: readonly number[]): readonly MarkUse[] =>
  rules.flatMap(({ family, priority, fwmark, table }) => {
    if (fwmark === undefined || (table !== undefined && ownTables.includes(table))) return [];
    const bits = named(fwmark.value, fwmark.mask);
    return bits === 0 ? [] : [{ bits, where: `ip${family === 6 ? ' -6' : ''} rule ${String(priority)}` }];
  });

const option = /--(mark|set-xmark|nfmask|ctmask) (0x[0-9a-f]+|\d+)(?:\/(0x[0-9a-f]+|\d+))?/g;

/** Of `iptables-save`, which writes every change of a mark as `--set-xmark VALUE/MASK`. */
export const marksOfIptables = (program: string, listing: string): readonly MarkUse[] =>
  listing.split('\n').flatMap((line) => {
    if (!line.startsWith('-A ')) return [];
    const bits = anyOf(
      [...line.matchAll(option)].map(([, name, value = '0', mask]) => {
        if (name === 'nfmask' || name === 'ctmask') return named(0, Number(value));
        const given = mask === undefined ? whole : Number(mask);
        return named(Number(value), given) | (name === 'set-xmark' ? Number(value) : 0);
      }),
    );
    return bits === 0 ? [] : [{ bits, where: `${program}: ${line}` }];
  });

/** Bits of ours that somebody else names, by rule. */
export const collisions = (uses: readonly MarkUse[], own: number): readonly MarkUse[] =>
  uses.map(({ bits, where }) => ({ bits: unsigned(bits & own), where })).filter(({ bits }) => bits !== 0);

/** kube-proxy, Calico, Cilium, the AWS CNI and the portmap plugin may begin to use these at any time. */
const spokenFor = 0xffff_ffff & ~0x1070;

/** Bits that nobody names, for advice. */
export function freeBits(uses: readonly MarkUse[]): readonly number[] {
  const taken = anyOf([...uses.map(({ bits }) => bits), spokenFor]);
  return Array.from({ length: 31 }, (_, bit) => 1 << (30 - bit)).filter((bit) => (taken & bit) === 0);
}
