/**
 * A real etcd and kube-apiserver on free ports, of loopback unless told, in a temporary directory, for conformance tests.
 * The API server can be stopped and started again on the same port and the same data.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { stringify } from 'yaml';
import { Agent, request } from 'undici';
import { makeCertificates, type Certificates } from './certificates.js';

const version = '1.37.2';
const adminToken = 'conformance-admin';

/** The path of a Kubernetes program or of etcd; throws with the command that installs it. */
export function findProgram(name: string): string {
  const assets = process.env.KUBEBUILDER_ASSETS;
  const candidates = [
    ...(assets === undefined ? [] : [join(assets, name)]),
    join(homedir(), '.cache/sluice/bin', `${name}-${version}`),
    ...(name === 'etcd' ? (process.env.PATH ?? '').split(delimiter).map((path) => join(path, name)) : []),
  ];
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} is missing: run \`make lab-build\``);
  return found;
}

export class RealApiServer {
  private etcd: ChildProcess | undefined;
  private server: ChildProcess | undefined;

  private constructor(
    private readonly directory: string,
    private readonly certificates: Certificates,
    private readonly address: string,
    private readonly ports: { readonly api: number; readonly etcd: number; readonly peer: number },
  ) {}

  /** Starts both and waits until the API server is ready (some 10 s). */
  static async start(address = '127.0.0.1'): Promise<RealApiServer> {
    findProgram('etcd');
    findProgram('kube-apiserver');
    const directory = await mkdtemp(join(tmpdir(), 'sluice-apiserver-'));
    const certificates = await makeCertificates(directory, address);
    const [api, etcd, peer] = await freePorts(3);
    const self = new RealApiServer(directory, certificates, address, {
      api: api ?? 0,
      etcd: etcd ?? 0,
      peer: peer ?? 0,
    });
    await writeFile(join(directory, 'tokens.csv'), `${adminToken},admin,admin,system:masters\n`);
    await self.writeKubeconfig();
    try {
      await self.startEtcd();
      await self.startServer();
    } catch (error) {
      await self.stop();
      throw error;
    }
    return self;
  }

  get url(): string {
    return `https://${this.address}:${this.ports.api}`;
  }

  get token(): string {
    return adminToken;
  }

  get caFile(): string {
    return this.certificates.caFile;
  }

  /** Client certificate of an administrator. */
  get kubeconfigFile(): string {
    return join(this.directory, 'kubeconfig');
  }

  /** Starts the API server on the same port and data; returns when it is ready. */
  async startServer(): Promise<void> {
    this.server = await this.launch('kube-apiserver', [
      `--etcd-servers=http://127.0.0.1:${this.ports.etcd}`,
      `--secure-port=${this.ports.api}`,
      `--bind-address=${this.address}`,
      `--tls-cert-file=${this.certificates.certFile}`,
      `--tls-private-key-file=${this.certificates.keyFile}`,
      `--client-ca-file=${this.certificates.caFile}`,
      `--token-auth-file=${join(this.directory, 'tokens.csv')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${this.certificates.accountKeyFile}`,
      `--service-account-signing-key-file=${this.certificates.accountKeyFile}`,
      '--service-cluster-ip-range=10.96.0.0/16,fd00:96::/112',
      '--authorization-mode=RBAC',
      '--disable-admission-plugins=ServiceAccount',
      '--endpoint-reconciler-type=none',
    ]);
    await this.untilReady(this.server);
  }

  /** Ends the API server; watches break as they do when it is upgraded. */
  async stopServer(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    await end(this.server, signal);
    this.server = undefined;
  }

  /** Stops both in their tracks, or lets them go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    for (const child of [this.server, this.etcd]) child?.kill(signal);
  }

  /** Ends both and removes every file. */
  async stop(): Promise<void> {
    await this.stopServer();
    await end(this.etcd, 'SIGKILL');
    await rm(this.directory, { recursive: true, force: true });
  }

  private async startEtcd(): Promise<void> {
    const client = `http://127.0.0.1:${this.ports.etcd}`;
    const peer = `http://127.0.0.1:${this.ports.peer}`;
    this.etcd = await this.launch('etcd', [
      `--data-dir=${join(this.directory, 'etcd')}`,
      '--unsafe-no-fsync',
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ]);
  }

  private async launch(name: string, args: readonly string[]): Promise<ChildProcess> {
    const log = await open(join(this.directory, `${name}.log`), 'a');
    const child = spawn(findProgram(name), args, { stdio: ['ignore', log.fd, log.fd], cwd: this.directory });
    await log.close();
    return child;
  }

  private async untilReady(server: ChildProcess): Promise<void> {
    const dispatcher = new Agent({ connect: { ca: await readFile(this.caFile, 'utf8') } });
    const headers = { authorization: `Bearer ${adminToken}` };
    const deadline = performance.now() + 120_000;
    try {
      while (server.exitCode === null && performance.now() < deadline) {
        const answer = await request(`${this.url}/readyz`, { dispatcher, headers }).catch(() => undefined);
        await answer?.body.dump();
        if (answer?.statusCode === 200) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    } finally {
      await dispatcher.destroy();
    }
    const log = await readFile(join(this.directory, 'kube-apiserver.log'), 'utf8');
    throw new Error(`kube-apiserver did not become ready:\n${log.slice(-4000)}`);
  }

  private async writeKubeconfig(): Promise<void> {
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
      clusters: [{ name: 'test', cluster: { server: this.url, 'certificate-authority': this.caFile } }],
      users: [
        {
          name: 'admin',
          user: {
            'client-certificate': this.certificates.adminCertFile,
            'client-key': this.certificates.adminKeyFile,
          },
        },
      ],
    };
    await writeFile(this.kubeconfigFile, stringify(config));
  }
}

async function end(child: ChildProcess | undefined, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child?.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
