/**
 * The `ip` program. A batch of it reads or changes everything in one child of some 3 ms, in any namespace, and a defect
 * of the native netlink module cannot end our process.
 */
import { ConfigError, ProtocolError, type ProgramResult, RemoteError, runProgram } from '@sluice/core';

export interface IpProgramOptions {
  /** Name below /run/netns, or a path; absent: the process's own namespace. */
  readonly netns?: string;
  /** `ip` unless told. */
  readonly binary?: string;
}

/** One line that failed: its index in the batch and what `ip` said. */
export interface LineFailure {
  readonly index: number;
  readonly reason: string;
}

/** `unspec` reads both families where the kernel has one list of them. */
export type IpFamily = 'unspec' | 4 | 6;

const familyOptions = (family: IpFamily): string[] => (family === 'unspec' ? [] : [`-${String(family)}`]);

/** What the batch's own syntax would swallow. */
const unsafe = /[#'"\\\n]/;

function checkLines(lines: readonly string[]): void {
  const bad = lines.find((line) => unsafe.test(line));
  if (bad === undefined) return;
  const message = `"${bad}" has a character that no name or address may have here`;
  throw new ConfigError('SLUICE_CONFIG_INVALID', { message });
}

const firstWords = (text: string): string => text.trim().replaceAll(/\s+/g, ' ').slice(0, 300);

function documents(text: string, count: number): (readonly unknown[])[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  try {
    const parsed = lines.map((line): unknown => JSON.parse(line));
    if (parsed.length === count && parsed.every(Array.isArray)) return parsed;
  } catch (cause) {
    const message = `ip answered with something that is not JSON: ${firstWords(text)}`;
    throw new ProtocolError('SLUICE_TOOL_FAILED', { message, cause });
  }
  const message = `ip answered ${lines.length} of ${count} questions: ${firstWords(text)}`;
  throw new ProtocolError('SLUICE_TOOL_FAILED', { message });
}

/** `ip -force -batch` names each failing line after its reason. `rest` are words about no line. */
function lineFailures(stderr: string): { readonly failures: LineFailure[]; readonly rest: string } {
  const failures: LineFailure[] = [];
  let words: string[] = [];
  for (const line of stderr.split('\n')) {
    const failed = /^Command failed -:(\d+)$/.exec(line.trim());
    if (failed === null) {
      words.push(line);
      continue;
    }
    failures.push({ index: Number(failed[1]) - 1, reason: firstWords(words.join(' ')) });
    words = [];
  }
  return { failures, rest: firstWords(words.join(' ')) };
}

export class IpProgram {
  readonly binary: string;
  readonly netns: string | undefined;

  constructor({ netns, binary = 'ip' }: IpProgramOptions) {
    this.binary = binary;
    this.netns = netns;
  }

  /** One answer, a list, per command. Throws RemoteError SLUICE_NETLINK_FAILED when any is refused. */
  async query(
    family: IpFamily,
    commands: readonly string[],
    { details = false } = {},
  ): Promise<readonly (readonly unknown[])[]> {
    checkLines(commands);
    const format = ['-json', '-Numeric', ...(details ? ['-details'] : []), ...familyOptions(family)];
    const { status, stdout } = await this.run([...format, '-batch', '-'], commands);
    if (status === 0) return documents(stdout, commands.length);
    const answers: (readonly unknown[])[] = [];
    for (const command of commands) answers.push(await this.ask(format, command));
    return answers;
  }

  /** As `query`, but undefined for a command that names a link which does not exist. */
  async queryLinks(commands: readonly string[]): Promise<readonly (readonly unknown[] | undefined)[]> {
    checkLines(commands);
    const { stdout, stderr } = await this.run(['-json', '-Numeric', '-force', '-batch', '-'], commands);
    const { failures, rest } = lineFailures(stderr);
    const refusal = failures.find(({ reason }) => !/does not exist|Cannot find device/.test(reason));
    if (refusal) throw this.refused(commands[refusal.index] ?? '', refusal.reason);
    if (rest !== '') throw this.refused('-batch', rest);
    const absent = new Set(failures.map(({ index }) => index));
    const answers = documents(stdout, commands.length - absent.size);
    let next = 0;
    return commands.map((_command, index) => (absent.has(index) ? undefined : answers[next++]));
  }

  /** Outside a batch `ip` lets the kernel choose the table, which then refuses one that never had a route. */
  private async ask(format: readonly string[], command: string): Promise<readonly unknown[]> {
    const { status, stdout, stderr } = await this.run([...format, ...command.split(' ')], []);
    if (status === 0) return documents(stdout, 1)[0] ?? [];
    if (stderr.includes('FIB table does not exist')) return [];
    throw this.refused(`${format.slice(2).join(' ')} ${command}`, stderr);
  }

  /** The text of one listing, a line per object. */
  async listing(family: IpFamily, command: string): Promise<readonly string[]> {
    const options = ['-oneline', '-Numeric', ...familyOptions(family), '-batch', '-'];
    const { status, stdout, stderr } = await this.run(options, [command]);
    if (status !== 0) throw this.refused(`${familyOptions(family).join('')} ${command}`, stderr);
    return stdout.split('\n').filter((line) => line.trim() !== '');
  }

  /** Runs all, also behind one that fails; gives the failures. The commands must be such that they may run twice. */
  async change(family: IpFamily, commands: readonly string[]): Promise<readonly LineFailure[]> {
    checkLines(commands);
    if (commands.length === 0) return [];
    const { status, stderr } = await this.run([...familyOptions(family), '-force', '-batch', '-'], commands);
    const { failures, rest } = lineFailures(stderr);
    return status === 0 || rest === '' ? failures : this.changeEach(family, commands);
  }

  /** Some commands of `ip` (neigh, what it cannot parse) end the whole batch when they fail, without naming the line. */
  private async changeEach(family: IpFamily, commands: readonly string[]): Promise<readonly LineFailure[]> {
    const failures: LineFailure[] = [];
    for (const [index, command] of commands.entries()) {
      const { status, stderr } = await this.run([...familyOptions(family), '-batch', '-'], [command]);
      const { failures: named, rest } = lineFailures(stderr);
      if (status !== 0) failures.push({ index, reason: named[0]?.reason ?? rest });
    }
    return failures;
  }

  refused(command: string, reason: string): RemoteError {
    const message = `"${this.binary} ${command.trim()}" failed: ${firstWords(reason)}`;
    return new RemoteError('SLUICE_NETLINK_FAILED', { message, retryable: true });
  }

  private run(options: readonly string[], lines: readonly string[]): Promise<ProgramResult> {
    const input = lines.map((line) => `${line}\n`).join('');
    return runProgram({ command: [this.binary, ...options], netns: this.netns, input });
  }
}
