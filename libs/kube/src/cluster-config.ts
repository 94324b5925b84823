/** Where the API server is and how to prove who we are: from inside a Pod, or from a kubeconfig file. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@sluice/core';
import { readKubeconfig } from './kubeconfig.js';
import { readSetting, tokenFile } from './setting-file.js';

/** Gives the bearer token of the next request; `refused` says that the last one was answered by 401. */
export type TokenSource = (refused: boolean) => Promise<string>;

export interface ClusterConfig {
  /** Base URL without trailing slash. */
  readonly server: string;
  /** PEM; without it the system's roots count. */
  readonly ca?: string;
  readonly skipTlsVerify?: boolean;
  readonly tlsServerName?: string;
  /** Client certificate, PEM. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string };
  readonly token?: TokenSource;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const accountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface ConfigSource {
  /** Path of a kubeconfig file; it wins over everything else. */
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly env?: Environment;
}

/** As kubectl and client-go do: the given file, else the Pod's service account, else $KUBECONFIG, else ~/.kube/config. */
export async function loadClusterConfig(source: ConfigSource = {}): Promise<ClusterConfig> {
  const env = source.env ?? process.env;
  if (source.kubeconfig !== undefined) return readKubeconfig(source.kubeconfig, source.context);
  if (env.KUBERNETES_SERVICE_HOST !== undefined && existsSync(join(accountDirectory, 'token'))) {
    return inClusterConfig(env);
  }
  const first = env.KUBECONFIG?.split(':').find((path) => path !== '');
  return readKubeconfig(first ?? join(homedir(), '.kube/config'), source.context);
}

/** The service account of the Pod. The token file is read again as it is rotated. */
export async function inClusterConfig(
  env: Environment,
  directory = accountDirectory,
): Promise<ClusterConfig> {
  const host = env.KUBERNETES_SERVICE_HOST;
  if (host === undefined) {
    throw new ConfigError('SLUICE_CONFIG_INVALID', {
      message: 'KUBERNETES_SERVICE_HOST is not set: not in a Pod',
    });
  }
  const port = env.KUBERNETES_SERVICE_PORT ?? '443';
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca: await readSetting(join(directory, 'ca.crt')),
    token: tokenFile(join(directory, 'token')),
  };
}
