/** Runs a program of the node (nft, ip) to its end: what it was given, what it said. */
import { spawn } from 'node:child_process';
import { RemoteError, TransportError } from './errors.js';

export interface ProgramRequest {
  /** Program and arguments; nothing is interpreted by a shell. */
  readonly command: readonly [string, ...string[]];
  /** For its standard input. */
  readonly input?: string;
  /** Milliseconds until it is killed; 30,000 unless told. */
  readonly timeoutMs?: number;
}

export interface ProgramResult {
  /** Exit status; 128 + n after signal n is never seen: a killed program is an error. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const defaultTimeoutMs = 30_000;

const missing = (program: string, cause?: unknown): RemoteError =>
  new RemoteError('SLUICE_TOOL_MISSING', {
    message: `"${program}" is not installed or not in PATH; install it on the node or in the image`,
    cause,
  });

/** Shells, env and nsenter say 127 for a program that they cannot find. */
export const programNotFound = 127;

/**
 * Resolves with whatever status the program ended with; the caller judges it.
 * Throws RemoteError SLUICE_TOOL_MISSING when it cannot be started, TransportError SLUICE_TOOL_FAILED when it was killed
 * or took too long.
 */
export function runProgram({ command, input = '', timeoutMs = defaultTimeoutMs }: ProgramRequest) {
  const [program, ...args] = command;
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
