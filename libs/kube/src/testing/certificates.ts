/** Throw-away certificates for the API server of the tests, made by openssl. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificates {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** A client of group system:masters, signed by the CA. */
  readonly adminCertFile: string;
  readonly adminKeyFile: string;
  /** RSA key that signs service account tokens. */
  readonly accountKeyFile: string;
}

/** Writes CA, server (`address`) and admin certificates into `directory`. */
export async function makeCertificates(directory: string, address = '127.0.0.1'): Promise<Certificates> {
  const file = (name: string): string => join(directory, name);
  const openssl = (...args: string[]): Promise<unknown> => run('openssl', args, { cwd: directory });
  await openssl('genrsa', '-out', 'sa.key', '2048');
  await openssl(
    ...newKey,
    '-x509',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=test-ca',
  );
  await writeFile(
    file('server.ext'),
    `subjectAltName=IP:${address},DNS:localhost\nextendedKeyUsage=serverAuth\n`,
  );
  await writeFile(file('admin.ext'), 'extendedKeyUsage=clientAuth\n');
  for (const [name, subject] of [
    ['server', '/CN=kube-apiserver'],
    ['admin', '/O=system:masters/CN=admin'],
  ] as const) {
    await openssl(...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
    const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
    await openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`, '-days', '2', ...signed);
  }
  return {
    caFile: file('ca.crt'),
    certFile: file('server.crt'),
    keyFile: file('server.key'),
    adminCertFile: file('admin.crt'),
    adminKeyFile: file('admin.key'),
    accountKeyFile: file('sa.key'),
  };
}

const newKey = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
