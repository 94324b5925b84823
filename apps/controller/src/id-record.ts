/** Ids that rest, in the ConfigMap `sluice-ids`: the next leader must not give them out too early. */
import { describeError, type Logger } from '@sluice/core';
import { configMaps, type KubeClient } from '@sluice/kube';
import { type RestingId } from '@sluice/model';

const name = 'sluice-ids';
const kinds = ['node', 'pool', 'egress'] as const;

/** One line for each kind: ID:SECONDS since 1970, separated by spaces. */
export const formatIds = (ids: readonly RestingId[]): Record<string, string> =>
  Object.fromEntries(
    kinds.map((kind) => [
      kind,
      ids
        .filter((entry) => entry.kind === kind)
        .map(({ id, untilMs }) => `${String(id)}:${String(Math.ceil(untilMs / 1000))}`)
        .join(' '),
    ]),
  );

export const parseIds = (lines: Readonly<Record<string, string>>): readonly RestingId[] =>
  kinds.flatMap((kind) =>
    (lines[kind] ?? '').split(' ').flatMap((entry) => {
      const [, id, seconds] = /^(\d+):(\d+)$/.exec(entry) ?? [];
      return id === undefined ? [] : [{ kind, id: Number(id), untilMs: Number(seconds) * 1000 }];
    }),
  );

export class IdRecord {
  private current: readonly RestingId[] | undefined;

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
    return this.current;
  }

  forget(): void {
    this.current = undefined;
  }

  /** Before anything that uses a new id is written. */
  async write(ids: readonly RestingId[]): Promise<void> {
    if (JSON.stringify(formatIds(ids)) === JSON.stringify(formatIds(this.current ?? []))) return;
    const object = { metadata: { namespace: this.namespace, name }, data: formatIds(ids) };
    try {
      await this.client.apply(configMaps, object, { fieldManager: 'sluice-controller', force: true });
    } catch (error) {
      this.logger.warn({ error: describeError(error) }, 'cannot record the ids in use');
      throw error;
    }
    this.current = ids;
  }
}
