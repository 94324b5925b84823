/** Where Redis is, from the settings of the process to the options of ioredis; mistakes are told by the setting's name. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '@sluice/core';
import { type RedisOptions } from './redis-link.js';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** The settings of the same names; all but one of the first two may be absent. */
export interface RedisSettings {
  /** redis://[user:password@]host:port[/db], or rediss:// for TLS. */
  readonly SLUICE_REDIS_URL?: string | undefined;
  readonly SLUICE_REDIS_SENTINELS: readonly HostAndPort[];
  /** What the Sentinels call the master. */
  readonly SLUICE_REDIS_MASTER?: string | undefined;
  readonly SLUICE_REDIS_USERNAME?: string | undefined;
  readonly SLUICE_REDIS_PASSWORD_FILE?: string | undefined;
  /** Of the Sentinels themselves, where they want one. */
  readonly SLUICE_REDIS_SENTINEL_PASSWORD_FILE?: string | undefined;
  /** Trusted in place of the well-known ones; with Sentinels its presence switches TLS on. */
  readonly SLUICE_REDIS_CA_FILE?: string | undefined;
  /** Certificate and key of the client. */
  readonly SLUICE_REDIS_CERT_FILE?: string | undefined;
  readonly SLUICE_REDIS_KEY_FILE?: string | undefined;
}

type FileSetting = Extract<keyof RedisSettings, `${string}_FILE`>;

const guide = 'see docs/guide/redis.md';

const mistake = (message: string, cause?: unknown): ConfigError =>
  new ConfigError('SLUICE_CONFIG_INVALID', {
    message: `${message}; ${guide}`,
    ...(cause === undefined ? {} : { cause }),
  });

/** Undefined: no Redis is set. Throws ConfigError SLUICE_CONFIG_INVALID; reads the files that the settings name. */
export function redisTarget(settings: RedisSettings): RedisOptions | undefined {
  const { SLUICE_REDIS_URL: url, SLUICE_REDIS_SENTINELS: sentinels } = settings;
  refuseContradictions(settings);
  if (url !== undefined) return ofUrl(new URL(url), settings);
  if (sentinels.length > 0) return ofSentinels(settings);
  return undefined;
}

function refuseContradictions(settings: RedisSettings): void {
  const { SLUICE_REDIS_URL: url, SLUICE_REDIS_SENTINELS: sentinels } = settings;
  const bySentinel = sentinels.length > 0;
  if (url !== undefined && bySentinel)
    throw mistake('SLUICE_REDIS_URL and SLUICE_REDIS_SENTINELS are both set; keep one of them');
  if (bySentinel && settings.SLUICE_REDIS_MASTER === undefined)
    throw mistake('SLUICE_REDIS_SENTINELS needs SLUICE_REDIS_MASTER, the name of the master');
  if (!bySentinel && settings.SLUICE_REDIS_MASTER !== undefined)
    throw mistake('SLUICE_REDIS_MASTER is set without SLUICE_REDIS_SENTINELS');
  if ((settings.SLUICE_REDIS_CERT_FILE === undefined) !== (settings.SLUICE_REDIS_KEY_FILE === undefined))
    throw mistake('SLUICE_REDIS_CERT_FILE and SLUICE_REDIS_KEY_FILE belong together; set both or none');
}

function ofUrl(url: URL, settings: RedisSettings): RedisOptions {
  const secure = url.protocol === 'rediss:';
  const named = tlsSettings.filter((name) => settings[name] !== undefined);
  if (!secure && named.length > 0)
    throw mistake(`${named.join(', ')} need TLS: SLUICE_REDIS_URL must begin with rediss://`);
  const db = url.pathname.replace(/^\//, '');
  if (!/^\d*$/.test(db)) throw mistake(`SLUICE_REDIS_URL has "/${db}" where the number of a database may be`);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    ...(db === '' ? {} : { db: Number(db) }),
    ...credentials(url, settings),
    ...(secure ? { tls: tls(settings) } : {}),
  };
}

function ofSentinels(settings: RedisSettings): RedisOptions {
  const { SLUICE_REDIS_SENTINELS: sentinels, SLUICE_REDIS_MASTER: name = '' } = settings;
  const secure = tlsSettings.some((setting) => settings[setting] !== undefined);
  const sentinelPassword = password('SLUICE_REDIS_SENTINEL_PASSWORD_FILE', settings);
  return {
    sentinels: sentinels.map(({ host, port }) => ({ host, port })),
    name,
    ...credentials(undefined, settings),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(secure ? { tls: tls(settings), sentinelTLS: tls(settings), enableTLSForSentinelMode: true } : {}),
  };
}

function credentials(url: URL | undefined, settings: RedisSettings): RedisOptions {
  const ofFile = password('SLUICE_REDIS_PASSWORD_FILE', settings);
  const ofLink = url === undefined || url.password === '' ? undefined : decodeURIComponent(url.password);
  if (ofFile !== undefined && ofLink !== undefined)
    throw mistake('SLUICE_REDIS_URL has a password, and SLUICE_REDIS_PASSWORD_FILE is set; keep the file');
  const nameOfLink = url === undefined || url.username === '' ? undefined : decodeURIComponent(url.username);
  const username = settings.SLUICE_REDIS_USERNAME ?? nameOfLink;
  const secret = ofFile ?? ofLink;
  if (username !== undefined && secret === undefined)
    throw mistake(`the user ${username} of Redis has no password; set SLUICE_REDIS_PASSWORD_FILE`);
  return {
    ...(username === undefined ? {} : { username }),
    ...(secret === undefined ? {} : { password: secret }),
  };
}

const tlsSettings = [
  'SLUICE_REDIS_CA_FILE',
  'SLUICE_REDIS_CERT_FILE',
  'SLUICE_REDIS_KEY_FILE',
] as const satisfies readonly FileSetting[];

function tls(settings: RedisSettings): NonNullable<RedisOptions['tls']> {
  const [ca, cert, key] = tlsSettings.map((name) => file(name, settings));
  const options = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
  try {
    // OpenSSL takes a CA without any certificate in it.
    if (ca !== undefined) new X509Certificate(ca);
    createSecureContext(options);
  } catch (cause) {
    const named = tlsSettings.filter((name) => settings[name] !== undefined).join(', ');
    throw mistake(`${named}: not a PEM certificate, or the key of another one`, cause);
  }
  return options;
}

/** Without the newline that editors and `echo` leave at the end. */
function password(name: FileSetting, settings: RedisSettings): string | undefined {
  const text = file(name, settings)?.replace(/\r?\n$/, '');
  if (text === '') throw mistake(`${name}: ${settings[name] ?? ''} is empty`);
  return text;
}

function file(name: FileSetting, settings: RedisSettings): string | undefined {
  const path = settings[name];
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw mistake(`${name}: ${path} cannot be read`, cause);
  }
}
