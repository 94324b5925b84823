/** For specs: an API server that has those parts of the manifest which decide what is allowed. Only a real one says what a policy does. */
import { execFileSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';
import { findProgram, RealApiServer } from '../../../../../libs/kube/src/testing/real-apiserver.js';
import { renderManifest } from '../manifest.js';

const patienceMs = 30_000;

export class PolicyServer {
  private constructor(private readonly server: RealApiServer) {}

  /** With the objects of the manifest whose kinds are these. */
  static async start(kinds: RegExp): Promise<PolicyServer> {
    const rules = parseAllDocuments(renderManifest())
      .map((document) => document.toJS() as { readonly kind: string })
      .filter(({ kind }) => kinds.test(kind));
    const server = new PolicyServer(await RealApiServer.start());
    server.kubectl(['create', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: rules });
    return server;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  /** Throws when the API server refuses. */
  kubectl(args: readonly string[], input: object = {}): string {
    const command = ['--kubeconfig', this.server.kubeconfigFile, ...args];
    return execFileSync(findProgram('kubectl'), command, {
      input: JSON.stringify(input),
      encoding: 'utf8',
      stdio: 'pipe',
    });
  }

  /** What the API server says to it, be it a refusal. */
  said(args: readonly string[], input: object = {}): string {
    try {
      return this.kubectl(args, input);
    } catch (error) {
      return (error as { readonly stderr: string }).stderr;
    }
  }

  create(...items: readonly object[]): string {
    return this.said(['create', '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
  }

  /** A policy takes effect a moment after its creation: until it refuses this. */
  untilRefused(args: readonly string[], why: string): void {
    const deadline = Date.now() + patienceMs;
    while (!this.said(args).includes(why))
      if (Date.now() > deadline) throw new Error('the policy has no effect');
  }
}
