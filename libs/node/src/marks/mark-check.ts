/** Refuses to mark packets with bits that other software of the node uses. Asked once, before anything is programmed. */
import { ConfigError, type Logger, RemoteError, runProgram } from '@sluice/core';
import { agentTableName, type DatapathConfig, gatewayTableName } from '@sluice/datapath';
import { type HostNetwork } from '@sluice/netlink';
import { type Nft } from '@sluice/nft';
import { nicTableName } from '../nic/silence.js';
import { ownedHostState } from '../owned.js';
import { collisions, freeBits, marksOfIptables, marksOfNft, marksOfRules, type MarkUse } from './mark-use.js';

export interface MarkCheckOptions {
  readonly config: DatapathConfig;
  readonly nft: Pick<Nft, 'ruleset'>;
  readonly network: Pick<HostNetwork, 'rules'>;
  readonly logger: Logger;
  /** Prints rules as iptables-save does; undefined: there is no such program. */
  readonly save?: (program: string) => Promise<string | undefined>;
}

/** nft shows rules of iptables without their arguments. The legacy tables need CAP_NET_RAW, which agents do not have. */
const savers = ['iptables-nft-save', 'ip6tables-nft-save'] as const;
const ownTables = [agentTableName, gatewayTableName, nicTableName];
const mostShown = 3;

async function runSave(program: string): Promise<string | undefined> {
  try {
    const { status, stdout } = await runProgram({ command: [program] });
    return status === 0 ? stdout : undefined;
  } catch (error) {
    if (error instanceof RemoteError && error.code === 'SLUICE_TOOL_MISSING') return undefined;
    throw error;
  }
}

const hex = (value: number): string => `0x${value.toString(16)}`;

export class MarkCheck {
  private passed = false;

  constructor(private readonly options: MarkCheckOptions) {}

  /** Throws ConfigError SLUICE_MARK_COLLISION with the rules and with bits that are free. */
  async check(): Promise<void> {
    if (this.passed) return;
    const { captured, reply } = this.options.config.marks;
    const uses = await this.uses();
    const found = collisions(uses, captured | reply);
    if (found.length > 0) throw refusal(found, uses);
    this.passed = true;
    this.options.logger.debug({ captured: hex(captured), reply: hex(reply) }, 'nobody else uses our marks');
  }

  private async uses(): Promise<readonly MarkUse[]> {
    const { config, nft, network, save = runSave } = this.options;
    const { tables } = ownedHostState(config);
    const rules = (await Promise.all([network.rules(4), network.rules(6)])).flat();
    const saved = await Promise.all(savers.map(save));
    return [
      ...marksOfNft(await nft.ruleset(), ownTables),
      ...marksOfRules(rules, tables),
      ...savers.flatMap((program, index) => marksOfIptables(program, saved[index] ?? '')),
    ];
  }
}

function refusal(found: readonly MarkUse[], uses: readonly MarkUse[]): ConfigError {
  const shown = found.slice(0, mostShown).map(({ bits, where }) => `${hex(bits)} (${where})`);
  const more = found.length > mostShown ? ` and ${String(found.length - mostShown)} more` : '';
  const [captured, reply] = freeBits(uses);
  const advice =
    captured === undefined || reply === undefined
      ? 'two bits that nobody uses'
      : `bits that nobody uses, such as ${hex(captured)} and ${hex(reply)}`;
  return new ConfigError('SLUICE_MARK_COLLISION', {
    message: `other rules of this node use Sluice's packet mark bits ${shown.join(', ')}${more}; set SLUICE_MARK_CAPTURED and SLUICE_MARK_REPLY in the ConfigMap sluice-config to ${advice}, and restart the agents`,
  });
}
