/** Ids that rest, in the ConfigMap `sluice-ids`: the next leader must not give them out too early. */
import { describeError, type Logger } from '@sluice/core';
import { configMaps, type KubeClient } from '@sluice/kube';
import { type RestingId } from '@sluice/model';

const name = 'sluice-ids';
const kinds = ['node', 'pool', 'egress', 'service'] as const;

interface Run {
  readonly first: number;
  last: number;
  readonly seconds: number;
}

/**
 * Neighbours that rest equally long. Only of service ids: there may be 65,535 of them, a ConfigMap has room for 1 MiB, and
 * an older controller, after a roll-back, must understand the other lines.
 */
function runs(ids: readonly RestingId[], kind: RestingId['kind']): readonly Run[] {
  const found: Run[] = [];
  for (const { id, untilMs } of ids) {
    const seconds = Math.ceil(untilMs / 1000);
    const before = found.at(-1);
    if (kind === 'service' && before?.last === id - 1 && before.seconds === seconds) before.last = id;
    else found.push({ first: id, last: id, seconds });
  }
  return found;
}

const formatRun = ({ first, last, seconds }: Run): string =>
  `${String(first)}${first === last ? '' : `-${String(last)}`}:${String(seconds)}`;

/** One line for each kind: ID:SECONDS or FIRST-LAST:SECONDS since 1970, separated by spaces. */
export const formatIds = (ids: readonly RestingId[]): Record<string, string> =>
  Object.fromEntries(
    kinds.map((kind) => {
      const own = ids.filter((entry) => entry.kind === kind);
      return [kind, runs(own, kind).map(formatRun).join(' ')];
    }),
  );

export const parseIds = (lines: Readonly<Record<string, string>>): readonly RestingId[] =>
  kinds.flatMap((kind) => (lines[kind] ?? '').split(' ').flatMap((entry) => parseRun(kind, entry)));

/** Nothing, if the text is no run. */
function parseRun(kind: RestingId['kind'], text: string): readonly RestingId[] {
  const [, start, end, seconds] = /^(\d{1,5})(?:-(\d{1,5}))?:(\d+)$/.exec(text) ?? [];
  if (start === undefined) return [];
  const first = Number(start);
  const length = Number(end ?? start) - first + 1;
  const untilMs = Number(seconds) * 1000;
  return Array.from({ length: Math.max(0, length) }, (_, at) => ({ kind, id: first + at, untilMs }));
}

interface Recorded {
  readonly ids: readonly RestingId[];
  /** `ids` as they are written. */
  readonly text: string;
}

const recordOf = (ids: readonly RestingId[]): Recorded => ({ ids, text: JSON.stringify(formatIds(ids)) });
const nothing = recordOf([]);

export class IdRecord {
  private current: Recorded | undefined;

  constructor(
    private readonly client: KubeClient,
    private readonly namespace: string,
    private readonly logger: Logger,
  ) {}

  /** What is on record; read once for each term of leadership. */
  async read(): Promise<readonly RestingId[]> {
    if (this.current === undefined) {
      const found = await this.client.find(configMaps, { namespace: this.namespace, name });
      this.current = recordOf(parseIds(found?.data ?? {}));
    }
    return this.current.ids;
  }

  forget(): void {
    this.current = undefined;
  }

  /** Before anything that uses a new id is written. */
  async write(ids: readonly RestingId[]): Promise<void> {
    const next = recordOf(ids);
    if (next.text === (this.current ?? nothing).text) return;
    const object = { metadata: { namespace: this.namespace, name }, data: formatIds(ids) };
    try {
      await this.client.apply(configMaps, object, { fieldManager: 'sluice-controller', force: true });
    } catch (error) {
      this.logger.warn({ error: describeError(error) }, 'cannot record the ids in use');
      throw error;
    }
    this.current = next;
  }
}
