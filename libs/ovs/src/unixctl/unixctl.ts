/**
 * Control commands of the daemons (ovs-appctl's protocol, ovs-vswitchd(8) "RUNTIME MANAGEMENT COMMANDS"): JSON-RPC 1.0 on
 * a unix socket, one request for one connection.
 */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { OvsError } from '../errors.js';
import { JsonFrames } from '../ovsdb/json-frames.js';

const patienceMs = 10_000;

interface Answer {
  readonly result?: unknown;
  readonly error?: unknown;
}

/**
 * Runs a command such as `dpctl/dump-conntrack` and gives its output.
 * Throws OvsError OVS_COMMAND_REFUSED with the daemon's words, OVS_UNAVAILABLE or OVS_TIMEOUT.
 */
export function unixctl(socketPath: string, command: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const frames = new JsonFrames();
    const end = (error: OvsError | undefined, output = ''): void => {
      clearTimeout(timer);
      socket.destroy();
      if (error === undefined) resolve(output);
      else reject(error);
    };
    const timer = setTimeout(() => {
      end(
        new OvsError('OVS_TIMEOUT', { message: `${command}: no answer from ${socketPath}`, retryable: true }),
      );
    }, patienceMs);
    const gone = (words: string): void => {
      end(new OvsError('OVS_UNAVAILABLE', { message: `${socketPath}: ${words}`, retryable: true }));
    };
    socket.setEncoding('utf8');
    socket.on('error', (error) => gone(error.message));
    socket.on('close', () => gone('closed before it answered'));
    socket.on('data', (text: string) => {
      for (const answer of frames.push(text)) finish(answer as Answer, command, end);
    });
    socket.write(JSON.stringify({ id: 0, method: command, params: args }));
  });
}

function finish(
  { result, error }: Answer,
  command: string,
  end: (error?: OvsError, output?: string) => void,
): void {
  if (typeof result === 'string') end(undefined, result);
  else end(new OvsError('OVS_COMMAND_REFUSED', { message: `${command}: ${String(error).trim()}` }));
}

/** The control socket of a daemon, by its pid file in the run directory. Throws OVS_UNAVAILABLE without one. */
export async function controlSocket(
  runDirectory: string,
  daemon: 'ovs-vswitchd' | 'ovsdb-server',
): Promise<string> {
  const file = join(runDirectory, `${daemon}.pid`);
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new OvsError('OVS_UNAVAILABLE', {
      message: `${daemon} does not run: no ${file}`,
      retryable: true,
      cause,
    });
  });
  return join(runDirectory, `${daemon}.${text.trim()}.ctl`);
}
