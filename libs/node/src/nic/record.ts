/**
 * What a NIC carried before its bridge took it over, kept in a file: after a restart of Open vSwitch the bridge's own
 * interface is a new one without addresses.
 */
import { mkdir, readFile, readdir, rename, rm, open } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, describeError } from '@sluice/core';
import { z } from 'zod';

const routeSchema = z.object({
  family: z.union([z.literal(4), z.literal(6)]),
  destination: z.string(),
  via: z.string().optional(),
  metric: z.number().int(),
});

const recordSchema = z.object({
  nic: z.string(),
  bridge: z.string(),
  mac: z.string(),
  /** Bytes. */
  mtu: z.number().int(),
  /** With prefix length. */
  addresses: z.array(z.string()),
  routes: z.array(routeSchema),
});

type Plain<T> = { readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? readonly Plain<I>[] : T[K] };
export type NicRecord = Plain<z.infer<typeof recordSchema>>;
export type NicRoute = NicRecord['routes'][number];

/** Records by NIC, one file each, replaced as a whole. */
export class NicRecords {
  constructor(private readonly directory: string) {}

  /** Throws ConfigError SLUICE_CONFIG_INVALID for a file that is not a record. */
  async read(nic: string): Promise<NicRecord | undefined> {
    const path = this.path(nic);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    return text === undefined ? undefined : parse(text, path);
  }

  async write(record: NicRecord): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    const path = this.path(record.nic);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(record, undefined, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }

  async remove(nic: string): Promise<void> {
    await rm(this.path(nic), { force: true });
  }

  async list(): Promise<readonly NicRecord[]> {
    const names = await readdir(this.directory).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    const nics = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5));
    const records = await Promise.all(nics.toSorted().map((nic) => this.read(nic)));
    return records.filter((record) => record !== undefined);
  }

  private path(nic: string): string {
    return join(this.directory, `${nic}.json`);
  }
}

const isMissing = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';

function parse(text: string, path: string): NicRecord {
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new ConfigError('SLUICE_CONFIG_INVALID', {
      message: `${path} is not a record of a network interface: ${describeError(error)}; restore or delete it`,
      cause: error,
    });
  }
}
