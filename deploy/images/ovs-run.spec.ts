import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { script, Supervised, until } from './supervised.js';

const schemaFile = '/usr/share/openvswitch/vswitch.ovsschema';

interface Schema {
  readonly tables: { readonly Interface: { readonly columns: Readonly<Record<string, unknown>> } };
}

let directory: string;
let ovs: Supervised | undefined;

const run = (): string => join(directory, 'run');
const database = (): string => join(directory, 'data', 'conf.db');

/** In a network namespace of its own: the switch must see nothing of the machine. */
function start(): void {
  ovs = new Supervised(['unshare', '--net', script('ovs-run')], {
    SLUICE_OVS_RUNDIR: run(),
    SLUICE_OVS_DATADIR: join(directory, 'data'),
    SLUICE_NODE_NAME: 'worker-1',
  });
}

const vsctl = (...args: readonly string[]): string =>
  execFileSync('ovs-vsctl', [`--db=unix:${run()}/db.sock`, '--timeout=20', '--retry', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

/** Process of a daemon once it answers on its control socket. */
const daemon = (name: string, other?: number): Promise<number> =>
  until(`${name} to answer`, () => {
    const file = join(run(), `${name}.pid`);
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    if (pid === 0 || pid === other || !existsSync(join(run(), `${name}.${pid}.ctl`))) return undefined;
    return pid;
  });

const alive = (pid: number): boolean => existsSync(`/proc/${pid}`);

beforeEach(() => {
  if (!existsSync('/usr/sbin/ovs-vswitchd')) throw new Error('run: apt-get install openvswitch-switch');
  directory = mkdtempSync(join(tmpdir(), 'ovs-run-'));
});

afterEach(async () => {
  ovs?.signal('SIGTERM');
  await ovs?.end();
  ovs = undefined;
  rmSync(directory, { recursive: true, force: true });
});

describe('ovs-run', () => {
  it('starts both daemons with an initialised database', async () => {
    start();
    await daemon('ovs-vswitchd');
    expect(vsctl('get', 'Open_vSwitch', '.', 'external_ids:system-id')).toBe('worker-1');
    expect(vsctl('get', 'Open_vSwitch', '.', 'ovs_version')).toMatch(/^"?\d+\.\d+\.\d+"?$/);
  });

  it.each([
    ['ovs-vswitchd', 'ovsdb-server'],
    ['ovsdb-server', 'ovs-vswitchd'],
  ])('starts a killed %s again and leaves %s alone', async (killed, other) => {
    start();
    await daemon('ovs-vswitchd');
    const [victim, bystander] = [await daemon(killed), await daemon(other)];
    process.kill(victim, 'SIGKILL');
    await daemon(killed, victim);
    // The switch takes a change of the database over: both work together again.
    vsctl('set', 'Open_vSwitch', '.', 'external_ids:again=yes');
    expect(await daemon(other)).toBe(bystander);
    expect(ovs?.lines.join('\n')).toMatch(new RegExp(`supervise: ${killed}(-kept)? ended with status 137`));
  });

  it.each([
    ['system', 'keeps', true],
    ['netdev', 'keeps nothing of', false],
  ])('with a %s bridge a new ovs-vswitchd %s what was forwarded', async (datapath, _, waits) => {
    start();
    const first = await daemon('ovs-vswitchd');
    vsctl('--no-wait', 'add-br', 'br0', '--', 'set', 'Bridge', 'br0', `datapath_type=${datapath}`);
    vsctl('--no-wait', 'set', 'Open_vSwitch', '.', 'other_config:flow-restore-wait=true');
    process.kill(first, 'SIGKILL');
    await daemon('ovs-vswitchd', first);
    const settings = vsctl('get', 'Open_vSwitch', '.', 'other_config');
    expect(settings.includes('flow-restore-wait')).toBe(waits);
  });

  it('lets BFD say that nothing is forwarded when a new ovs-vswitchd has no flows', async () => {
    start();
    const first = await daemon('ovs-vswitchd');
    const tunnel = ['type=geneve', 'options:remote_ip=192.0.2.1', 'bfd:enable=true'];
    vsctl('--no-wait', 'add-br', 'br0', '--', 'set', 'Bridge', 'br0', 'datapath_type=netdev');
    vsctl('--no-wait', 'add-port', 'br0', 't-9', '--', 'set', 'Interface', 't-9', ...tunnel);
    vsctl('--no-wait', 'add-port', 'br0', 't-10', '--', 'set', 'Interface', 't-10', ...tunnel);
    vsctl('--no-wait', 'add-port', 'br0', 'p1', '--', 'set', 'Interface', 'p1', 'type=internal');
    process.kill(first, 'SIGKILL');
    await daemon('ovs-vswitchd', first);
    const bfd = (port: string): string => vsctl('get', 'Interface', port, 'bfd');
    for (const port of ['t-9', 't-10']) expect(bfd(port)).toBe('{cpath_down="true", enable="true"}');
    expect(bfd('p1')).toBe('{}');
  });

  it('ends both on SIGTERM and keeps the database', async () => {
    start();
    const pids = [await daemon('ovs-vswitchd'), await daemon('ovsdb-server')];
    vsctl('set', 'Open_vSwitch', '.', 'external_ids:kept=yes');
    ovs?.signal('SIGTERM');
    await expect(ovs?.end()).resolves.toBe(0);
    expect(pids.filter(alive)).toEqual([]);
    start();
    await daemon('ovs-vswitchd');
    expect(vsctl('get', 'Open_vSwitch', '.', 'external_ids:kept')).toBe('yes');
  });

  it('ends when it is stopped before the daemons answer', async () => {
    start();
    ovs?.signal('SIGTERM');
    const status = await ovs?.end();
    expect([0, 'SIGTERM']).toContain(status); // the signal may come before the trap
  });

  it('keeps a damaged database aside and starts with an empty one', async () => {
    mkdirSync(join(directory, 'data'));
    writeFileSync(database(), 'OVSDB JSON 12 no-such-hash\nnot json at all\n');
    start();
    await daemon('ovs-vswitchd');
    const [kept] = readdirSync(join(directory, 'data')).filter((name) => name.includes('.damaged.'));
    expect(readFileSync(join(directory, 'data', kept ?? ''), 'utf8')).toContain('not json at all');
    expect(await ovs?.line(/cannot be read; it is kept as/)).toContain(kept ?? 'nothing');
  });

  it('converts the database of an older Open vSwitch and keeps what it says', async () => {
    mkdirSync(join(directory, 'data'));
    const schema = JSON.parse(readFileSync(schemaFile, 'utf8')) as Schema;
    const { lldp: _, ...columns } = schema.tables.Interface.columns;
    const tables = { ...schema.tables, Interface: { ...schema.tables.Interface, columns } };
    const old = { ...schema, version: '8.0.0', tables };
    writeFileSync(join(directory, 'old.ovsschema'), JSON.stringify(old));
    execFileSync('ovsdb-tool', ['create', database(), join(directory, 'old.ovsschema')]);
    const insert = [
      'Open_vSwitch',
      { op: 'insert', table: 'Open_vSwitch', row: { external_ids: ['map', [['from', 'before']]] } },
    ];
    execFileSync('ovsdb-tool', ['transact', database(), JSON.stringify(insert)]);
    start();
    await daemon('ovs-vswitchd');
    expect(vsctl('get', 'Open_vSwitch', '.', 'external_ids:from')).toBe('before');
    expect(vsctl('get', 'Open_vSwitch', '.', 'db_version')).not.toContain('8.0.0');
    await ovs?.line(/converting .* to schema/);
  });
});
