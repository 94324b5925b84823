/** The stream of a watch: one JSON object per line, of any size, split anywhere by the network. */
import { type Readable } from 'node:stream';
import { KubeRefusedError, notKubernetes, unreachable, type StatusBody } from './errors.js';
import { type KubeObject } from './object.js';

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Nothing changed for us up to this resource version. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

/** Throws what an ERROR event carries as KubeRefusedError, a broken stream as TransportError. */
export async function* readWatch<T extends KubeObject>(
  body: Readable,
  request: string,
  onBytes?: () => void,
): AsyncGenerator<WatchEvent<T>> {
  for await (const line of lines(body, request, onBytes)) {
    const event = parseEvent<T>(line, request);
    if (event !== undefined) yield event;
  }
}

async function* lines(body: Readable, request: string, onBytes?: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest: string[] = [];
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      onBytes?.();
      const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n');
      rest.push(first);
      for (const next of others) {
        yield rest.join('');
        rest = [next];
      }
    }
  } catch (error) {
    throw unreachable(request, error);
  }
}

interface RawEvent {
  readonly type?: unknown;
  readonly object?: unknown;
}

function parseEvent<T extends KubeObject>(line: string, request: string): WatchEvent<T> | undefined {
  if (line.trim() === '') return undefined;
  const raw = parseLine(line, request);
  const { type, object } = raw;
  if (typeof object !== 'object' || object === null) throw notKubernetes(request);
  if (type === 'ERROR') throw refusal(object, request);
  const kubeObject = object as T;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: kubeObject };
    case 'BOOKMARK':
      return { type, resourceVersion: kubeObject.metadata.resourceVersion ?? '' };
    default:
      throw notKubernetes(request);
  }
}

function parseLine(line: string, request: string): RawEvent {
  try {
    return JSON.parse(line) as RawEvent;
  } catch (error) {
    throw notKubernetes(request, error);
  }
}

function refusal(status: StatusBody, request: string): KubeRefusedError {
  return new KubeRefusedError(request, status.code ?? 500, status);
}
