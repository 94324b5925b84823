/** The fields of a packet on its way: headers, metadata and registers. Wide registers are the same bits as narrow ones. */
import { type FieldName, type MatchField, type Subfield } from '@sluice/ovs';
import { ones } from '../pipeline/matches.js';

export type FieldValues = Readonly<Partial<Record<FieldName, bigint>>>;

/** Present in every packet, zero unless set; anything else is there only when the packet has it. */
const metadata = /^(reg\d+|tun_id|pkt_mark|ct_(state|zone|mark|label)|metadata|ip_frag)$/;

interface WideRegister {
  readonly first: number;
  readonly count: number;
}

function wideRegister(field: FieldName): WideRegister | undefined {
  const [, crosses, index] = /^(x{1,2})reg(\d+)$/.exec(field) ?? [];
  if (crosses === undefined || index === undefined) return undefined;
  const count = crosses.length * 2;
  return { first: Number(index) * count, count };
}

const register = (index: number): FieldName => `reg${String(index)}` as FieldName;

export class Headers {
  private readonly values: Map<FieldName, bigint>;

  constructor(values: FieldValues | ReadonlyMap<FieldName, bigint>) {
    const entries = values instanceof Map ? values : Object.entries(values as FieldValues);
    this.values = new Map(entries as Iterable<[FieldName, bigint]>);
  }

  clone(): Headers {
    return new Headers(this.values);
  }

  /** Undefined: the packet has no such field. */
  get(field: FieldName): bigint | undefined {
    const wide = wideRegister(field);
    if (wide === undefined) return this.values.get(field) ?? (metadata.test(field) ? 0n : undefined);
    let value = 0n;
    for (let i = 0; i < wide.count; i++) {
      value = (value << 32n) | (this.values.get(register(wide.first + i)) ?? 0n);
    }
    return value;
  }

  set(field: FieldName, value: bigint): void {
    const wide = wideRegister(field);
    if (wide === undefined) {
      this.values.set(field, value);
      return;
    }
    for (let i = 0; i < wide.count; i++) {
      const shift = BigInt(32 * (wide.count - 1 - i));
      this.values.set(register(wide.first + i), (value >> shift) & ones(32));
    }
  }

  setMasked(field: FieldName, value: bigint, mask: bigint): void {
    this.set(field, ((this.get(field) ?? 0n) & ~mask) | (value & mask));
  }

  read({ field, from, bits }: Subfield): bigint {
    return ((this.get(field) ?? 0n) >> BigInt(from)) & ones(bits);
  }

  write({ field, from, bits }: Subfield, value: bigint): void {
    this.setMasked(field, value << BigInt(from), ones(bits) << BigInt(from));
  }

  matches({ field, value, mask }: MatchField): boolean {
    const own = this.get(field);
    return own !== undefined && (mask === undefined ? own === value : (own & mask) === (value & mask));
  }
}
