/**
 * A real Open vSwitch for specs: ovsdb-server and ovs-vswitchd of the machine in a directory of their own, with the
 * dummy datapath, so that it needs no privilege and touches neither the system's Open vSwitch nor its ports.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, closeSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const install = 'apt-get install openvswitch-switch';
const schema = '/usr/share/openvswitch/vswitch.ovsschema';
const programs = ['/usr/sbin/ovsdb-server', '/usr/sbin/ovs-vswitchd', '/usr/bin/ovs-ofctl', schema];
const commandMs = 30_000;

/** Fails with the command that installs what is missing. */
function checkInstalled(): void {
  const missing = programs.find((program) => !existsSync(program));
  if (missing !== undefined) throw new Error(`${missing} is missing; run: ${install}`);
}

export class RealOvs {
  readonly runDir = mkdtempSync(join(tmpdir(), 'real-ovs-'));
  #database: ChildProcess | undefined;
  #vswitchd: ChildProcess | undefined;

  private constructor() {
    // Only `start` makes one.
  }

  /** Both daemons run and the database is initialised when the promise resolves. */
  static async start(): Promise<RealOvs> {
    checkInstalled();
    const ovs = new RealOvs();
    try {
      await ovs.#run('ovsdb-tool', ['create', join(ovs.runDir, 'conf.db'), schema]);
      await ovs.startDatabase();
      await ovs.vsctl('--no-wait', 'init');
      await ovs.startVswitchd();
    } catch (error) {
      await ovs.stop();
      throw error;
    }
    return ovs;
  }

  get databaseSocket(): string {
    return join(this.runDir, 'db.sock');
  }

  managementSocket(bridge: string): string {
    return join(this.runDir, `${bridge}.mgmt`);
  }

  /** For `ovs-appctl -t`, and for unixctl clients: ovs-vswitchd's control socket. */
  get controlSocket(): string {
    return join(this.runDir, 'ovs-vswitchd.ctl');
  }

  async startDatabase(): Promise<void> {
    const remote = `--remote=punix:${this.databaseSocket}`;
    this.#database = await this.#spawn('ovsdb-server', [join(this.runDir, 'conf.db'), remote]);
    // --retry waits until the socket answers.
    await this.vsctl('--retry', '--no-wait', 'show');
  }

  /** Resolves when ovs-vswitchd has taken over the configuration of the database. */
  async startVswitchd(): Promise<void> {
    this.#vswitchd = await this.#spawn('ovs-vswitchd', [
      `unix:${this.databaseSocket}`,
      '--enable-dummy=override',
      '--disable-system',
      `--unixctl=${this.controlSocket}`,
    ]);
    // Without --no-wait a transaction waits for ovs-vswitchd.
    await this.vsctl('set', 'Open_vSwitch', '.', 'external_ids:started=true');
  }

  async killDatabase(): Promise<void> {
    await kill(this.#database);
    this.#database = undefined;
  }

  /** Kills -9, as a crash would. */
  async killVswitchd(): Promise<void> {
    await kill(this.#vswitchd);
    this.#vswitchd = undefined;
  }

  /** A bridge that drops everything until flows come, with a port for each number. */
  async addBridge(bridge: string, ofports: readonly number[] = []): Promise<void> {
    const ports = ofports.flatMap((port) => {
      const name = `${bridge}p${String(port)}`;
      const numbered = ['set', 'interface', name, 'type=dummy', `ofport_request=${String(port)}`];
      return ['--', 'add-port', bridge, name, '--', ...numbered];
    });
    const settings = [
      'datapath_type=dummy',
      'fail_mode=secure',
      'protocols=OpenFlow13,OpenFlow14,OpenFlow15',
    ];
    await this.vsctl('add-br', bridge, '--', 'set', 'bridge', bridge, ...settings, ...ports);
  }

  /** Standard output of the command. Rejects with its standard error when it fails. */
  vsctl(...args: readonly string[]): Promise<string> {
    return this.#run('ovs-vsctl', [`--db=unix:${this.databaseSocket}`, '--timeout=20', ...args]);
  }

  appctl(...args: readonly string[]): Promise<string> {
    return this.#run('ovs-appctl', ['-t', this.controlSocket, ...args]);
  }

  /** ovs-ofctl in OpenFlow 1.5; `input` for commands that read a file named `-`. */
  ofctl(args: readonly string[], input?: string): Promise<string> {
    return this.#run('ovs-ofctl', ['-O', 'OpenFlow15', ...args], input);
  }

  async stop(): Promise<void> {
    await this.killVswitchd();
    await this.killDatabase();
    rmSync(this.runDir, { recursive: true, force: true });
  }

  async #spawn(program: string, args: readonly string[]): Promise<ChildProcess> {
    const log = openSync(join(this.runDir, `${program}.out`), 'a');
    const env = { ...process.env, OVS_RUNDIR: this.runDir, PATH: `${process.env.PATH ?? ''}:/usr/sbin` };
    const options = ['--no-chdir', `--log-file=${join(this.runDir, `${program}.log`)}`];
    const child = spawn(program, [...args, ...options], { env, stdio: ['ignore', log, log] });
    closeSync(log);
    await once(child, 'spawn');
    return child;
  }

  #run(program: string, args: readonly string[], input?: string): Promise<string> {
    const env = { ...process.env, OVS_RUNDIR: this.runDir };
    return new Promise((resolve, reject) => {
      const options = { env, timeout: commandMs, maxBuffer: 256 * 1024 * 1024 };
      const child = execFile(program, args, options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${program} ${args.join(' ')}: ${stderr}${stdout}`, { cause: error }));
      });
      child.stdin?.end(input);
    });
  }
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child?.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
