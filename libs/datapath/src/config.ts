/** What an operator may choose about the datapath; the same on every node of a cluster except `datapath`. */
import { ConfigError } from '@sluice/core';
import { defaultMarks, defaultZones } from './layout/marks.js';

/** A number with exactly one bit set, below 2^31. */
export type BitMark = number;

export interface DatapathConfig {
  /** `datapath_type` of the bridge: userspace or kernel. */
  readonly datapath: 'netdev' | 'system';
  readonly marks: { readonly captured: BitMark; readonly reply: BitMark };
  /** Conntrack zones. */
  readonly zones: { readonly nat: number; readonly pins: number };
  /** Routing tables of the host; pools have one each, `poolBase` + pool id. */
  readonly routeTables: {
    readonly egress: number;
    readonly slow: number;
    readonly reply: number;
    readonly poolBase: number;
  };
  /** Preference of our ip rules. */
  readonly rulePriority: number;
  readonly bfd: { readonly enable: boolean; readonly minTxMs: number; readonly minRxMs: number };
  /** Seconds that a learned neighbour lives. */
  readonly neighbourSeconds: number;
}

export const defaultConfig: DatapathConfig = {
  datapath: 'system',
  marks: defaultMarks,
  zones: defaultZones,
  routeTables: { egress: 5100, slow: 5101, reply: 5102, poolBase: 5200 },
  rulePriority: 100,
  bfd: { enable: true, minTxMs: 100, minRxMs: 100 },
  neighbourSeconds: 120,
};

const isBit = (value: number): boolean => value > 0 && value < 2 ** 31 && (value & (value - 1)) === 0;

/** Throws ConfigError SLUICE_CONFIG_INVALID when marks or zones cannot work. */
export function checkConfig(config: DatapathConfig): DatapathConfig {
  const { captured, reply } = config.marks;
  if (!isBit(captured) || !isBit(reply) || captured === reply) {
    throw new ConfigError('SLUICE_CONFIG_INVALID', {
      message: `marks captured=${String(captured)} and reply=${String(reply)} must be two different single bits`,
    });
  }
  const { nat, pins } = config.zones;
  if (nat === pins || nat < 1 || pins < 1 || nat > 65_535 || pins > 65_535) {
    throw new ConfigError('SLUICE_CONFIG_INVALID', {
      message: `conntrack zones nat=${String(nat)} and pins=${String(pins)} must differ and be 1..65535`,
    });
  }
  return config;
}
