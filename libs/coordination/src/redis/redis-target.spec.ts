import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type RedisSettings, redisTarget } from './redis-target.js';

let directory: string;
let passwordFile: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-target-'));
  passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, 'secret\n');
});
afterAll(() => rmSync(directory, { recursive: true }));

const target = (settings: Partial<RedisSettings>) => redisTarget({ SLUICE_REDIS_SENTINELS: [], ...settings });

const url = 'redis://redis.example:6380';
const sentinels = {
  SLUICE_REDIS_SENTINELS: [{ host: '198.51.100.1', port: 26379 }],
  SLUICE_REDIS_MASTER: 'main',
};

describe('where Redis is', () => {
  test('nowhere', () => expect(target({})).toBeUndefined());

  test.each([
    [url, { host: 'redis.example', port: 6380 }],
    ['redis://[2001:db8::1]/3', { host: '2001:db8::1', port: 6379, db: 3 }],
    ['redis://me:p%40ss@h', { host: 'h', port: 6379, username: 'me', password: 'p@ss' }],
    ['redis://:pw@h', { host: 'h', port: 6379, password: 'pw' }],
    ['rediss://h', { host: 'h', port: 6379, tls: {} }],
  ])('%s', (text, options) => expect(target({ SLUICE_REDIS_URL: text })).toEqual(options));

  test('with the password of a file', () => {
    const of = { SLUICE_REDIS_URL: url, SLUICE_REDIS_PASSWORD_FILE: passwordFile };
    expect(target({ ...of, SLUICE_REDIS_USERNAME: 'sluice' })).toMatchObject({
      username: 'sluice',
      password: 'secret',
    });
  });

  test('by Sentinels', () => {
    expect(target({ ...sentinels, SLUICE_REDIS_SENTINEL_PASSWORD_FILE: passwordFile })).toEqual({
      sentinels: [{ host: '198.51.100.1', port: 26379 }],
      name: 'main',
      sentinelPassword: 'secret',
    });
  });
});

describe('a mistake is told by its setting', () => {
  const made = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };

  test.each<[string, () => Partial<RedisSettings>, RegExp]>([
    [
      'both',
      () => ({ ...sentinels, SLUICE_REDIS_URL: url }),
      /SLUICE_REDIS_URL and .*SENTINELS are both set/,
    ],
    [
      'no master',
      () => ({ ...sentinels, SLUICE_REDIS_MASTER: undefined }),
      /SENTINELS needs SLUICE_REDIS_MASTER/,
    ],
    ['a master alone', () => ({ SLUICE_REDIS_MASTER: 'x' }), /SLUICE_REDIS_MASTER is set without/],
    [
      'a file that is not there',
      () => ({ SLUICE_REDIS_URL: url, SLUICE_REDIS_PASSWORD_FILE: '/nowhere' }),
      /SLUICE_REDIS_PASSWORD_FILE: \/nowhere cannot be read/,
    ],
    [
      'an empty file',
      () => ({ SLUICE_REDIS_URL: url, SLUICE_REDIS_PASSWORD_FILE: made('empty', '\n') }),
      /SLUICE_REDIS_PASSWORD_FILE: .*empty is empty/,
    ],
    [
      'two passwords',
      () => ({ SLUICE_REDIS_URL: 'redis://:x@h', SLUICE_REDIS_PASSWORD_FILE: passwordFile }),
      /keep the file/,
    ],
    [
      'a user without password',
      () => ({ SLUICE_REDIS_URL: url, SLUICE_REDIS_USERNAME: 'me' }),
      /the user me of Redis has no password/,
    ],
    ['no number of a database', () => ({ SLUICE_REDIS_URL: `${url}/main` }), /has "\/main" where/],
    [
      'a certificate without TLS',
      () => ({ SLUICE_REDIS_URL: url, SLUICE_REDIS_CA_FILE: passwordFile }),
      /SLUICE_REDIS_CA_FILE need TLS: .*rediss:\/\//,
    ],
    [
      'half of a pair',
      () => ({ SLUICE_REDIS_URL: 'rediss://h', SLUICE_REDIS_CERT_FILE: passwordFile }),
      /belong together/,
    ],
    [
      'no certificate',
      () => ({
        SLUICE_REDIS_URL: 'rediss://h',
        SLUICE_REDIS_CERT_FILE: passwordFile,
        SLUICE_REDIS_KEY_FILE: passwordFile,
      }),
      /not a PEM certificate/,
    ],
    [
      'no CA',
      () => ({ SLUICE_REDIS_URL: 'rediss://h', SLUICE_REDIS_CA_FILE: passwordFile }),
      /SLUICE_REDIS_CA_FILE: not a PEM certificate/,
    ],
  ])('%s', (_, settings, message) => {
    expect(() => target(settings())).toThrow(
      expect.objectContaining({
        code: 'SLUICE_CONFIG_INVALID',
        message: expect.stringMatching(message) as unknown,
      }),
    );
  });
});
