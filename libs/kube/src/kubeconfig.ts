/** The parts of a kubeconfig file that clusters of operators and of the lab use: certificates and tokens, no plugins. */
import { dirname, resolve } from 'node:path';
import { ConfigError } from '@sluice/core';
import { parse } from 'yaml';
import { z } from 'zod';
import { type ClusterConfig } from './cluster-config.js';
import { readSetting, tokenFile } from './setting-file.js';

const text = z.string().optional();

const clusterSchema = z.object({
  server: z.string(),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': text,
});

const userSchema = z.object({
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  token: text,
  tokenFile: text,
  exec: z.unknown().optional(),
});

const fileSchema = z.object({
  'current-context': text,
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: text }) })),
  clusters: z.array(z.object({ name: z.string(), cluster: clusterSchema })),
  users: z.array(z.object({ name: z.string(), user: userSchema.nullish() })).nullish(),
});

type User = z.infer<typeof userSchema>;

/** Reads the named or the current context. Throws ConfigError SLUICE_CONFIG_INVALID that names file and part. */
export async function readKubeconfig(path: string, contextName?: string): Promise<ClusterConfig> {
  const file = parseFile(path, await readSetting(path));
  const wanted = contextName ?? file['current-context'] ?? '';
  const context = named(path, 'context', file.contexts, wanted).context;
  const cluster = named(path, 'cluster', file.clusters, context.cluster).cluster;
  const user =
    context.user === undefined ? {} : (named(path, 'user', file.users ?? [], context.user).user ?? {});
  const pem = pemReader(dirname(path));
  const ca = await pem(cluster['certificate-authority-data'], cluster['certificate-authority']);
  const serverName = cluster['tls-server-name'];
  return {
    server: cluster.server.replace(/\/+$/, ''),
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { tlsServerName: serverName }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { skipTlsVerify: true } : {}),
    ...(await credentials(path, user, pem)),
  };
}

type PemReader = (data: string | undefined, file: string | undefined) => Promise<string | undefined>;

/** Inline data wins over a file; files are relative to the kubeconfig. */
const pemReader =
  (directory: string): PemReader =>
  async (data, file) => {
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    return file === undefined ? undefined : readSetting(resolve(directory, file));
  };

async function credentials(
  path: string,
  user: User,
  pem: PemReader,
): Promise<Pick<ClusterConfig, 'token' | 'clientCertificate'>> {
  if (user.exec !== undefined) {
    throw invalid(path, 'uses an exec plugin; make a token with `kubectl create token` instead');
  }
  const cert = await pem(user['client-certificate-data'], user['client-certificate']);
  const key = await pem(user['client-key-data'], user['client-key']);
  const { token } = user;
  return {
    ...(cert === undefined || key === undefined ? {} : { clientCertificate: { cert, key } }),
    ...(token === undefined ? {} : { token: () => Promise.resolve(token) }),
    ...(user.tokenFile === undefined ? {} : { token: tokenFile(resolve(dirname(path), user.tokenFile)) }),
  };
}

function parseFile(path: string, content: string): z.infer<typeof fileSchema> {
  try {
    return fileSchema.parse(parse(content));
  } catch (error) {
    throw invalid(
      path,
      `is not a kubeconfig: ${error instanceof z.ZodError ? z.prettifyError(error) : String(error)}`,
    );
  }
}

function named<T extends { readonly name: string }>(
  path: string,
  what: string,
  list: readonly T[],
  name: string,
): T {
  const found = list.find((item) => item.name === name);
  if (found === undefined) throw invalid(path, `has no ${what} "${name}"`);
  return found;
}

const invalid = (path: string, problem: string): ConfigError =>
  new ConfigError('SLUICE_CONFIG_INVALID', { message: `${path} ${problem}` });
