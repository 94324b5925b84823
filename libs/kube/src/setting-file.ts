/** Files that hold settings: certificates, kubeconfigs, and tokens that are replaced while we run. */
import { readFile } from 'node:fs/promises';
import { ConfigError, describeError } from '@sluice/core';
import { type TokenSource } from './cluster-config.js';

/** The kubelet replaces the token at 80 % of its life, 10 minutes at least; a minute's delay never matters. */
const tokenFreshMs = 60_000;

/** Reads the file at most once a minute, and at once after a 401. */
export function tokenFile(path: string, nowMs: () => number = () => performance.now()): TokenSource {
  let read: { readonly token: string; readonly at: number } | undefined;
  return async (refused) => {
    if (read === undefined || refused || nowMs() - read.at >= tokenFreshMs) {
      read = { token: (await readSetting(path)).trim(), at: nowMs() };
    }
    return read.token;
  };
}

export async function readSetting(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new ConfigError('SLUICE_CONFIG_INVALID', {
      message: `cannot read ${path}: ${describeError(error)}`,
      cause: error,
    });
  });
}
