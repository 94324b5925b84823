/** Settings that agents and gateways share, from the environment that the DaemonSets give them. */
import { parseCidr } from '@sluice/core';
import { defaultConfig } from '@sluice/datapath';
import { z } from 'zod';

const isCidr = (text: string): boolean => {
  try {
    parseCidr(text);
    return true;
  } catch {
    return false;
  }
};

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );

const interfaceName = z
  .string()
  .max(15)
  .regex(/^[^/\s:]+$/, 'must be the name of a network interface');

/** One bit of 31; with 0x in front, or decimal. */
const markBit = (bit: number) =>
  z.coerce
    .number()
    .refine(
      (value) => Number.isInteger(Math.log2(value)) && value < 2 ** 31,
      'must be one bit below 2^31, such as 0x2000',
    )
    .default(bit);

const hostAndPort = list.transform((texts, context) =>
  texts.flatMap((text) => {
    const [, bracketed, plain, port = '26379'] =
      /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
    const host = bracketed ?? plain;
    if (host !== undefined && Number(port) <= 65_535) return [{ host, port: Number(port) }];
    context.addIssue(`"${text}" must be host:port`);
    return [];
  }),
);

const path = z.string().startsWith('/');

/** Where gateways coordinate; without it there is no failover. What they mean together: libs/coordination's `redisTarget`. */
const redisSettings = {
  /** redis://host:port, or rediss:// for TLS. */
  SLUICE_REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  /** In place of the URL: host:port of each Sentinel, separated by commas. */
  SLUICE_REDIS_SENTINELS: hostAndPort,
  SLUICE_REDIS_MASTER: z.string().min(1).optional(),
  SLUICE_REDIS_USERNAME: z.string().min(1).optional(),
  SLUICE_REDIS_PASSWORD_FILE: path.optional(),
  SLUICE_REDIS_SENTINEL_PASSWORD_FILE: path.optional(),
  SLUICE_REDIS_CA_FILE: path.optional(),
  SLUICE_REDIS_CERT_FILE: path.optional(),
  SLUICE_REDIS_KEY_FILE: path.optional(),
};

export const nodeSettings = z.object({
  /** Name of the Node object. */
  SLUICE_NODE_NAME: z.string().min(1),
  /** Whether LoadBalancer Services without a class get their addresses from pools. */
  SLUICE_DEFAULT_LOAD_BALANCER: z.stringbool().default(false),
  /** Where the sockets of Open vSwitch are. */
  SLUICE_OVS_RUNDIR: z.string().startsWith('/').default('/run/sluice/ovs'),
  /** `datapath_type` of the bridges: kernel or userspace. */
  SLUICE_DATAPATH: z.enum(['system', 'netdev']).default('system'),
  /** Carries the tunnels. Required with the userspace datapath; else the interface of the node's InternalIP. */
  SLUICE_UNDERLAY_INTERFACE: interfaceName.optional(),
  /** CIDRs beside those of the cluster that keep their ordinary way, separated by commas. */
  SLUICE_CLUSTER_CIDRS: list.refine((cidrs) => cidrs.every(isCidr), 'must be CIDRs separated by commas'),
  /** Bit of the packet mark that sends a Pod's packet into sluice0. */
  SLUICE_MARK_CAPTURED: markBit(defaultConfig.marks.captured),
  /** Bit that says, beside the other one, that it is a reply. */
  SLUICE_MARK_REPLY: markBit(defaultConfig.marks.reply),
  ...redisSettings,
  /** Seconds that a slot and a gateway rest before a slot moves for balance alone. */
  SLUICE_HOLD_DOWN_SECONDS: z.coerce.number().int().min(1).max(86_400).default(60),
  /** Seconds that a gateway goes on with the connections of a slot that it has handed over. */
  SLUICE_DRAIN_TIMEOUT_SECONDS: z.coerce.number().int().min(1).max(86_400).default(300),
  /** Planned moves at a time. */
  SLUICE_MAX_CONCURRENT_MOVES: z.coerce.number().int().min(1).max(1024).default(4),
  SLUICE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  /** What must outlive a restart of the process: the addresses that were taken over from NICs. */
  SLUICE_STATE_DIR: z.string().startsWith('/').default('/var/lib/sluice'),
  /** Namespace of Sluice's own objects. */
  SLUICE_NAMESPACE: z.string().min(1).default('sluice-system'),
  SLUICE_STATUS_PORT: z.coerce.number().int().min(0).max(65_535),
});

export type NodeSettings = z.output<typeof nodeSettings>;
