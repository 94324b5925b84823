/**
 * A gateway in a network namespace: an Open vSwitch of its own with the kernel datapath, and of Sluice's pipeline what
 * a connection meets (tables 40 to 42): NAT in zone 1, with mark and label.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SwitchDatabase } from '@sluice/ovs';
import { TestNamespace } from '../../../libs/netlink/src/testing/namespace.js';

export const egressAddress = '198.18.0.100';
export const podMac = '02:00:00:00:0a:01';
export const serverMac = '02:00:00:00:0b:01';

const schema = '/usr/share/openvswitch/vswitch.ovsschema';
/** How Sluice's image starts ovs-vswitchd. */
const kept = fileURLToPath(new URL('../../../deploy/images/ovs-vswitchd-kept', import.meta.url));
const podPort = 1;
const serverPort = 2;

const toServer = `set_field:${serverMac}->eth_dst,output:${String(serverPort)}`;
const toPod = `set_field:${podMac}->eth_dst,output:${String(podPort)}`;
/** Ports that no Pod uses itself: what only the gateway knows. */
const nat = `nat(src=${egressAddress}:2000-3000)`;
const remember = 'exec(set_field:0x70003->ct_mark,move:NXM_OF_ETH_SRC[]->NXM_NX_CT_LABEL[0..47])';
const flows = [
  `table=0,in_port=${String(podPort)},ip,actions=ct(zone=1,nat,table=1)`,
  `table=0,in_port=${String(serverPort)},ip,nw_dst=${egressAddress},actions=ct(zone=1,nat,table=2)`,
  `table=1,ip,ct_state=+trk+new,actions=ct(commit,zone=1,${nat},${remember}),${toServer}`,
  `table=1,ip,ct_state=+trk+est,actions=${toServer}`,
  `table=2,ip,ct_state=+trk+est,actions=${toPod}`,
];

export class OvsGateway {
  readonly namespace = new TestNamespace();
  private readonly directory = mkdtempSync(join(tmpdir(), 'kernel-ovs-'));
  private daemons: readonly { readonly name: string; readonly child: ChildProcess }[] = [];

  /** `pod` and `server` are links of the namespace. */
  async start(): Promise<void> {
    const database = join(this.directory, 'conf.db');
    execFileSync('ovsdb-tool', ['create', database, schema]);
    await this.daemon('ovsdb-server', 'ovsdb-server', [database, `--remote=punix:${this.socket}`]);
    this.vsctl('--retry', '--no-wait', 'init');
    // Plainly: it has nothing to keep, and might find the bridge that is made below.
    await this.startSwitch('ovs-vswitchd');
    this.vsctl('add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=system', 'fail_mode=secure');
    for (const [name, port] of [
      ['pod', podPort],
      ['server', serverPort],
    ] as const)
      this.vsctl('add-port', 'br0', name, '--', 'set', 'interface', name, `ofport_request=${String(port)}`);
    this.program();
  }

  program(): void {
    for (const flow of flows)
      this.run('ovs-ofctl', '-O', 'OpenFlow15', 'add-flow', `unix:${join(this.directory, 'br0.mgmt')}`, flow);
  }

  /** Kills ovs-vswitchd and starts it anew, as Sluice's image does or plainly; it has its bridge then, and no flows. */
  async restartSwitch(how: 'as the image' | 'plainly'): Promise<void> {
    await this.killSwitch();
    await this.startSwitch(how === 'plainly' ? 'ovs-vswitchd' : kept);
    this.vsctl('set', 'Open_vSwitch', '.', 'external_ids:restarted=yes');
  }

  /** Its flows are there again: Sluice's own adapter says so. */
  async restored(): Promise<void> {
    const [database, isUp] = this.database();
    await isUp;
    await database.flowsRestored();
    await database.stop();
  }

  /** As a machine that loses power: links and daemons at once. */
  async kill(): Promise<void> {
    for (const link of ['pod', 'server']) this.namespace.ip(`link set dev ${link} down`);
    await this.killDaemons();
  }

  /** ovs-vswitchd alone, and for good. */
  killSwitch(): Promise<void> {
    return this.killDaemons('ovs-vswitchd');
  }

  async remove(): Promise<void> {
    await this.killDaemons();
    this.namespace.remove();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private database(): readonly [SwitchDatabase, Promise<unknown>] {
    const { promise, resolve } = Promise.withResolvers();
    const onState = (state: unknown): void => {
      if (state === 'up') resolve(state);
    };
    const database = new SwitchDatabase({ socketPath: this.socket, onState });
    database.start();
    return [database, promise];
  }

  private get socket(): string {
    return join(this.directory, 'db.sock');
  }

  private run(program: string, ...args: readonly string[]): string {
    return this.namespace.run('env', `OVS_RUNDIR=${this.directory}`, program, ...args);
  }

  private vsctl(...args: readonly string[]): void {
    this.run('ovs-vsctl', `--db=unix:${this.socket}`, '--timeout=20', ...args);
  }

  private startSwitch(program: string): Promise<void> {
    return this.daemon('ovs-vswitchd', program, [`unix:${this.socket}`]);
  }

  /** `program`: what starts it, and becomes it. */
  private async daemon(name: string, program: string, args: readonly string[]): Promise<void> {
    const log = `--log-file=${join(this.directory, `${name}.log`)}`;
    const command = [`--net=/run/netns/${this.namespace.name}`, program, ...args, '--no-chdir', log];
    const control = `--unixctl=${join(this.directory, `${name}.ctl`)}`;
    const env = { ...process.env, OVS_RUNDIR: this.directory };
    const child = spawn('nsenter', [...command, control], { env, stdio: 'ignore' });
    await once(child, 'spawn');
    this.daemons = [...this.daemons, { name, child }];
  }

  private async killDaemons(only?: string): Promise<void> {
    const ended = this.daemons.filter(({ name }) => only === undefined || name === only);
    this.daemons = this.daemons.filter((daemon) => !ended.includes(daemon));
    for (const { child } of ended) {
      const gone = once(child, 'exit');
      if (child.kill('SIGKILL')) await gone;
    }
  }
}
