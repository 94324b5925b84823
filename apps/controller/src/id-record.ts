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

const nothing = JSON.stringify(formatIds([]));

export class IdRecord {
  private current: readonly RestingId[] | undefined;
  /** `current` as it is written. */
  private recorded: string | undefined;

  constructor(
    private readonly client: KubeClient,
    private readonly namespace: string,
    private readonly logger: Logger,
  ) {}

  /** What is on record; read once for each term of leadership. */
  async read(): Promise<readonly RestingId[]> {
    if (this.current !== undefined) return this.current;
    const found = await this.client.find(configMaps, { namespace: this.namespace, name });
    this.current = parseIds(found?.data ?? {});
    this.recorded = JSON.stringify(formatIds(this.current));
    return this.current;
  }

  forget(): void {
    this.current = undefined;
    this.recorded = undefined;
  }

  /** Before anything that uses a new id is written. */
  async write(ids: readonly RestingId[]): Promise<void> {
    const data = formatIds(ids);
    const text = JSON.stringify(data);
    if (text === (this.recorded ?? nothing)) return;
    const object = { metadata: { namespace: this.namespace, name }, data };
    try {
      await this.client.apply(configMaps, object, { fieldManager: 'sluice-controller', force: true });
    } catch (error) {
      this.logger.warn({ error: describeError(error) }, 'cannot record the ids in use');
      throw error;
    }
    this.current = ids;
    this.recorded = text;
  }
}
