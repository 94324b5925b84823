/** Runs a program of the node (nft, ip) to its end: what it was given, what it said. */
import { spawn } from 'node:child_process';
import { RemoteError, TransportError } from './errors.js';

/** Program and arguments; nothing is interpreted by a shell. */
export type Command = readonly [string, ...string[]];

export interface ProgramRequest {
  readonly command: Command;
  /** Network namespace: a name below /run/netns, or a path; absent: that of this process. */
  readonly netns?: string | undefined;
  /** For its standard input. */
  readonly input?: string;
  /** Milliseconds until it is killed; 30,000 unless told. */
  readonly timeoutMs?: number;
}

export interface ProgramResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const defaultTimeoutMs = 30_000;

/** Shells, env and nsenter say so about a program that they cannot find. */
const notFoundStatus = 127;

/** nsenter, not `ip netns exec`, which would mount another /sys. */
export function commandIn(netns: string | undefined, command: Command): Command {
  if (netns === undefined) return command;
  return ['nsenter', `--net=${netns.includes('/') ? netns : `/run/netns/${netns}`}`, ...command];
}

const missing = (what: string, cause?: unknown): RemoteError =>
  new RemoteError('SLUICE_TOOL_MISSING', {
    message: `${what}: not installed or not in PATH; install it on the node or in the image`,
    cause,
  });

/**
 * Resolves with whatever status the program ended with; the caller judges it.
 * Throws RemoteError SLUICE_TOOL_MISSING when it cannot be started, TransportError SLUICE_TOOL_FAILED when it was killed
 * or took too long.
 */
export async function runProgram(request: ProgramRequest): Promise<ProgramResult> {
  const result = await untilEnd(request);
  if (result.status !== notFoundStatus) return result;
  throw missing(result.stderr.trim() === '' ? request.command.join(' ') : result.stderr.trim());
}

function untilEnd({ command, netns, input = '', timeoutMs = defaultTimeoutMs }: ProgramRequest) {
  const [program, ...args] = commandIn(netns, command);
  return new Promise<ProgramResult>((resolve, reject) => {
    const child = spawn(program, args);
    // Not spawn's own timeout: it keeps the process alive when the program could not be started.
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text;
      });
    }
    child.on('error', (cause) => {
      clearTimeout(timer);
      reject(missing(program, cause));
    });
    // EPIPE: the program ended without reading; its status says why.
    child.stdin.on('error', () => undefined).end(input);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (status !== null) {
        resolve({ status, ...texts });
        return;
      }
      const message = `"${program}" was ended by ${String(signal)} (it may take ${timeoutMs} ms): ${texts.stderr.trim()}`;
      reject(new TransportError('SLUICE_TOOL_FAILED', { message }));
    });
  });
}
