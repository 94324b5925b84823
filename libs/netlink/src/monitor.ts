/**
 * Events of the kernel through a child `ip monitor`. The child dies or loses events (its socket's buffer is full) without
 * harm: a `resync` tells the consumer to read everything back.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, readdir, readlink } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, commandIn, describeError } from '@sluice/core';
import { EventQueue } from './event-queue.js';
import { type IpProgram } from './ip-program.js';
import { type NetworkEvent, type NetworkEventKind } from './shapes.js';

export const allEventKinds: readonly NetworkEventKind[] = ['link', 'address', 'route', 'rule', 'neighbour'];

const words: Readonly<Record<NetworkEventKind, string>> = {
  link: 'link',
  address: 'address',
  route: 'route',
  rule: 'rule',
  neighbour: 'neigh',
};

const labels: Readonly<Record<string, NetworkEventKind>> = {
  LINK: 'link',
  ADDR: 'address',
  ROUTE: 'route',
  RULE: 'rule',
  NEIGH: 'neighbour',
};

/** A line of `ip -o monitor label`. undefined: it is none, so something was lost. */
export function parseEvent(line: string): NetworkEvent | undefined {
  const [, label = '', body = ''] = /^\[([A-Z]+)\](?:Deleted )?(.*)$/.exec(line) ?? [];
  const kind = labels[label];
  if (kind === undefined) return undefined;
  const named = kind === 'link' || kind === 'address' ? /^\d+: ([^\s@:]+)/ : /(?:^|\s)(?:dev|iif) (\S+)/;
  const dev = named.exec(body)?.[1];
  return dev === undefined ? { kind } : { kind, dev };
}

const firstDelayMs = 50;
const longestDelayMs = 5000;
const listenPollMs = 5;

/** The inodes of a process's open sockets. */
async function socketInodes(pid: number): Promise<ReadonlySet<string>> {
  const folder = `/proc/${String(pid)}/fd`;
  const links = await Promise.all(
    (await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')),
  );
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

/** Columns of /proc/PID/net/netlink: sk, Eth, Pid, Groups, …, Inode. */
async function isListening(pid: number): Promise<boolean> {
  const inodes = await socketInodes(pid);
  const sockets = (await readFile(`/proc/${String(pid)}/net/netlink`, 'utf8')).split('\n').slice(1);
  return sockets.some((line) => {
    const columns = line.trim().split(/\s+/);
    return Number.parseInt(columns[3] ?? '0', 16) !== 0 && inodes.has(columns.at(-1) ?? '');
  });
}

/** Between its start and its subscription a child sees nothing: until then nobody may believe that it does. */
async function untilListening(child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    if (await isListening(child.pid).catch(() => false)) return;
    await delay(listenPollMs);
  }
}

/** Runs one child to its end; true when it had come to listen. */
async function listen(child: ChildProcess, queue: EventQueue, logger: Logger): Promise<boolean> {
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      logger.error({ error: describeError(error) }, 'cannot start the monitor of network events');
      resolve();
    });
    child.once('close', () => resolve());
  });
  if (child.stdout && child.stderr) {
    createInterface(child.stdout).on('line', (line) => queue.push(parseEvent(line) ?? { kind: 'resync' }));
    createInterface(child.stderr).on('line', (line) => {
      logger.warn({ line }, 'the monitor of network events lost some');
      queue.push({ kind: 'resync' });
    });
  }
  await untilListening(child);
  const listening = child.exitCode === null && child.signalCode === null && child.pid !== undefined;
  if (listening) queue.push({ kind: 'resync' });
  await ended;
  return listening;
}

export interface MonitorRequest {
  readonly ip: IpProgram;
  readonly kinds: readonly NetworkEventKind[];
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

async function keepListening(
  { ip, kinds, signal, logger }: MonitorRequest,
  queue: EventQueue,
): Promise<void> {
  const objects = kinds.map((kind) => words[kind]);
  const [first, ...args] = commandIn(ip.netns, [ip.binary, '-o', 'monitor', ...objects, 'label']);
  const stopped = (): boolean => signal.aborted;
  for (let waitMs = firstDelayMs; !stopped(); waitMs = Math.min(waitMs * 2, longestDelayMs)) {
    const child = spawn(first, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', stop, { once: true });
    const listened = await listen(child, queue, logger);
    signal.removeEventListener('abort', stop);
    if (stopped()) return;
    logger.warn({ status: child.exitCode, signal: child.signalCode }, 'the monitor of network events ended');
    if (listened) waitMs = firstDelayMs;
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Ends when the signal fires, or when the consumer stops. */
export async function* monitorEvents(request: MonitorRequest): AsyncGenerator<NetworkEvent, void, void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  const queue = new EventQueue();
  const listening = keepListening({ ...request, signal }, queue).finally(() => queue.end());
  try {
    for (let event = await queue.next(); event !== undefined; event = await queue.next()) yield event;
  } finally {
    stop.abort();
    await listening;
  }
}
