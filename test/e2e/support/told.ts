/** What Sluice tells people: conditions, events, lines of logs. */
import { componentPod, type Component } from './components.js';
import { eventually, kubectl, kubectlJson } from './lab.js';

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

interface Conditioned {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** A condition of a cluster-wide object, once it has this status. */
export const condition = (
  [kind, name]: readonly [kind: string, name: string],
  type: string,
  status: 'True' | 'False',
): Promise<Condition> =>
  eventually(`${kind} ${name} to be ${type}=${status}`, async () => {
    const { status: found } = await kubectlJson<Conditioned>('get', kind, name);
    return found?.conditions?.find((entry) => entry.type === type && entry.status === status);
  });

interface EventList {
  readonly items: readonly {
    readonly involvedObject: { readonly kind: string; readonly name: string };
    readonly reason: string;
    readonly message?: string;
    readonly eventTime?: string;
    readonly series?: { readonly lastObservedTime: string };
    readonly reportingComponent?: string;
  }[];
}

export interface Told {
  readonly reason: string;
  readonly message: string;
}

/** Sluice's events about an object since `sinceMs` (Unix time). */
export async function events(kind: string, name: string, sinceMs: number): Promise<readonly Told[]> {
  const { items } = await kubectlJson<EventList>('get', 'events', '-n', 'default');
  return items
    .filter(({ involvedObject: about }) => about.kind === kind && about.name === name)
    .filter(({ reportingComponent }) => reportingComponent?.startsWith('sluice.dev/') === true)
    .filter(({ eventTime, series }) => Date.parse(series?.lastObservedTime ?? eventTime ?? '') >= sinceMs)
    .map(({ reason, message = '' }) => ({ reason, message }));
}

/** Waits for an event about an object, not older than `sinceMs`. */
export const event = (
  [kind, name]: readonly [kind: string, name: string],
  reason: string,
  message: RegExp,
  sinceMs: number,
): Promise<Told> =>
  eventually(`an event ${reason} about ${kind} ${name}`, async () => {
    const told = await events(kind, name, sinceMs);
    return told.find((entry) => entry.reason === reason && message.test(entry.message));
  });

/** What a component on a node has logged since `sinceMs` (Unix time). */
export async function logged(component: Component, node: string, sinceMs: number): Promise<string> {
  const pod = await componentPod(component, node);
  const since = new Date(sinceMs).toISOString();
  return kubectl('logs', '-n', pod.namespace, pod.name, `--since-time=${since}`);
}
