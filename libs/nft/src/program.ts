/** The `nft` program: one transaction in, or one listing out. */
import { type ProgramResult, ProtocolError, RemoteError, runProgram } from '@sluice/core';
import { type NftCommand } from './commands.js';

export interface NftProgramOptions {
  /** Name below /run/netns, or a path; absent: the process's own namespace. */
  readonly netns?: string;
  /** `nft` unless told. */
  readonly binary?: string;
}

/** Older ones are untested: the JSON of concatenations and verdict maps changed up to here. */
const oldestVersion = [1, 0, 6] as const;

const isOlder = (version: readonly number[]): boolean => {
  const at = oldestVersion.findIndex((part, index) => part !== version[index]);
  return at >= 0 && (version[at] ?? 0) < (oldestVersion[at] ?? 0);
};

/** Whole transaction, and nft's words about it. */
interface Refusal {
  readonly commands: readonly NftCommand[];
  readonly words: string;
}

const longestShown = 400;
const longestArgument = 100_000;

export class NftProgram {
  private readonly binary: string;
  private readonly netns: string | undefined;

  constructor({ netns, binary = 'nft' }: NftProgramOptions) {
    this.binary = binary;
    this.netns = netns;
  }

  /** As `1.0.6`. Throws RemoteError SLUICE_TOOL_MISSING or SLUICE_TOOL_TOO_OLD, ProtocolError SLUICE_TOOL_FAILED. */
  async version(): Promise<string> {
    const { stdout, stderr } = await this.run(['--version']);
    const text = /\bv(\d+(?:\.\d+)+)/.exec(stdout)?.[1];
    if (text === undefined) {
      const message = `"${this.binary} --version" did not name a version: ${(stdout + stderr).slice(0, 200)}`;
      throw new ProtocolError('SLUICE_TOOL_FAILED', { message });
    }
    if (!isOlder(text.split('.').map(Number))) return text;
    const message = `nft ${text} is too old; install nftables ${oldestVersion.join('.')} or later on the node or in the image`;
    throw new RemoteError('SLUICE_TOOL_TOO_OLD', { message });
  }

  /** Gives the words of nft's refusal when `list` fails, for example of a table that is not there. */
  async list(...what: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run([
      '-j',
      ...(what[0] === 'ruleset' ? ['-t'] : []),
      'list',
      ...what,
    ]);
    if (status === 0) return stdout;
    const message = `nft refused "list ${what.join(' ')}": ${stderr.trim()}`;
    throw new RemoteError('SLUICE_NFT_REFUSED', { message, retryable: true });
  }

  /** One transaction. Throws RemoteError SLUICE_NFT_REFUSED, naming the first command that fails. */
  async commit(commands: readonly NftCommand[]): Promise<void> {
    if (commands.length === 0) return;
    const { status, stderr } = await this.feed(commands, []);
    if (status !== 0) throw await this.refusal({ commands, words: stderr });
  }

  /**
   * nft does not say which command of a JSON transaction fails, so the shortest beginning that a dry run refuses is
   * searched.
   */
  private async refusal({ commands, words }: Refusal): Promise<RemoteError> {
    let [accepted, refused] = [0, commands.length];
    while (refused - accepted > 1) {
      const middle = (accepted + refused) >> 1;
      const { status } = await this.feed(commands.slice(0, middle), ['--check']);
      if (status === 0) accepted = middle;
      else refused = middle;
    }
    const command = JSON.stringify(commands[refused - 1]);
    const shown = command.length > longestShown ? `${command.slice(0, longestShown)}…` : command;
    const said = words.replaceAll('internal:0:0-0: ', '').replaceAll(/\s+/g, ' ').trim();
    const message = `nft refused command ${refused} of ${commands.length}, nothing was applied: ${said}: ${shown}`;
    return new RemoteError('SLUICE_NFT_REFUSED', { message });
  }

  /**
   * As an argument while it is shorter than the kernel's MAX_ARG_STRLEN (128 KiB), else through cat: nft opens /dev/stdin,
   * which fails for the sockets that Node gives to children.
   */
  private feed(commands: readonly NftCommand[], options: readonly string[]): Promise<ProgramResult> {
    const input = JSON.stringify({ nftables: commands });
    if (Buffer.byteLength(input) < longestArgument) return this.run([...options, '-j', input]);
    const command = ['sh', '-c', 'cat | "$@"', 'sh', this.binary, ...options, '-j', '-f', '-'] as const;
    return runProgram({ command, netns: this.netns, input });
  }

  private run(args: readonly string[]): Promise<ProgramResult> {
    return runProgram({ command: [this.binary, ...args], netns: this.netns });
  }
}
