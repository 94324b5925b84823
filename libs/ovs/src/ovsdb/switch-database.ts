/**
 * Bridges and ports in the Open_vSwitch database, declared: what is so already is not touched, and a call returns when
 * ovs-vswitchd has made it so (`cur_cfg`, ovs-vswitchd.conf.db(5)).
 */
import { type OvsError } from '../errors.js';
import { OvsdbClient, type Operation } from './client.js';
import { type Atom, mapOf, namedUuid, type Row, setOf, uuid, type Value } from './value.js';

type Settings = Readonly<Record<string, string>>;

export interface BridgePort {
  readonly name: string;
  /** `internal`, `geneve`; empty: a network interface of the host. */
  readonly type: string;
  readonly ofport?: number;
  readonly mac?: string;
  /** Bytes. */
  readonly mtu?: number;
  readonly options?: Settings;
  readonly bfd?: Settings;
}

export interface BridgeSettings {
  readonly name: string;
  readonly datapathType: string;
  readonly failMode?: 'secure' | 'standalone';
  readonly protocols: readonly string[];
  readonly otherConfig?: Settings;
  /** Bytes, of the bridge's own interface. */
  readonly localMtu?: number;
  readonly ports: readonly BridgePort[];
}

export interface InterfaceState {
  readonly name: string;
  /** Undefined: not there yet, or refused. */
  readonly ofport: number | undefined;
  readonly error: string | undefined;
  /** What BFD says of the far end: true while it hears us; undefined without BFD. */
  readonly forwarding: boolean | undefined;
}

const watched = {
  Open_vSwitch: ['bridges', 'cur_cfg', 'next_cfg', 'other_config'],
  Bridge: ['name', 'datapath_type', 'fail_mode', 'protocols', 'other_config', 'ports'],
  Port: ['name', 'interfaces'],
  Interface: [
    'name',
    'type',
    'options',
    'bfd',
    'mac',
    'mtu_request',
    'ofport_request',
    'ofport',
    'error',
    'bfd_status',
  ],
} as const;

const restoreWait = 'flow-restore-wait';
/** BFD says to the far end: what arrives here goes nowhere. */
const pathDown = 'cpath_down';

const text = (value: Value | undefined): string =>
  Array.isArray(value) ? String(value[0] ?? '') : typeof value === 'string' ? value : '';
const number = (value: Value | undefined): number | undefined => {
  const found: unknown = Array.isArray(value) ? value[0] : value;
  return typeof found === 'number' ? found : undefined;
};
const list = (value: Value | undefined): readonly Atom[] =>
  Array.isArray(value) ? (value as readonly Atom[]) : [];

const settingsOf = (value: Value | undefined): Settings => (value ?? {}) as Settings;

/** ovs-vswitchd.conf.db(5): bfd_status:forwarding is "true" or "false". */
const forwarding = (value: Value | undefined): boolean | undefined => {
  const status = settingsOf(value).forwarding;
  return status === undefined ? undefined : status === 'true';
};

const optional = (value: string | number | undefined): unknown => setOf(value === undefined ? [] : [value]);

export class SwitchDatabase {
  readonly #client: OvsdbClient;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: {
    readonly socketPath: string;
    readonly onState?: (state: 'up' | OvsError) => void;
    readonly onChange?: () => void;
  }) {
    this.#client = new OvsdbClient({ ...options, database: 'Open_vSwitch', watched });
  }

  start(): void {
    this.#client.start();
  }

  async stop(): Promise<void> {
    await this.#client.stop();
  }

  get isUp(): boolean {
    return this.#client.isUp;
  }

  /** What ovs-vswitchd made of the interfaces of a bridge. */
  interfaces(bridge: string): readonly InterfaceState[] {
    return this.#ports(bridge).map(({ row }) => ({
      name: text(row.name),
      ofport: number(row.ofport),
      error: text(row.error) || undefined,
      forwarding: forwarding(row.bfd_status),
    }));
  }

  /**
   * Makes a bridge so; with `prune`, ports that are not in the list go. Calls run one after the other.
   * Throws OVS_DATABASE_REFUSED, OVS_TIMEOUT or OVS_UNAVAILABLE.
   */
  ensureBridge(bridge: BridgeSettings, { prune }: { readonly prune: boolean }): Promise<void> {
    return this.#inTurn(async () => {
      const found = this.#bridge(bridge.name);
      const operations = found === undefined ? this.#create(bridge) : this.#change(found, bridge, prune);
      if (operations.length > 0) await this.#commit(operations, `bridge ${bridge.name}`);
    });
  }

  removeBridge(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const found = this.#bridge(name);
      const root = this.#root();
      if (found === undefined || root === undefined) return;
      const mutations = [['bridges', 'delete', uuid(found.id)]];
      await this.#commit(
        [{ op: 'mutate', table: 'Open_vSwitch', where: [], mutations }],
        `no bridge ${name}`,
      );
    });
  }

  /**
   * The flows are back after a restart: ends what was set before ovs-vswitchd was started (ovs-vswitchd.conf.db(5)),
   * `flow-restore-wait`, under which the kernel's flows of before go on, and `bfd:cpath_down`, by which other nodes know
   * that nothing is forwarded here. Changes nothing when neither is set.
   */
  flowsRestored(): Promise<void> {
    return this.#inTurn(async () => {
      const operations: Operation[] = [];
      if (restoreWait in settingsOf(this.#root()?.[1].other_config)) {
        const mutations = [['other_config', 'delete', setOf([restoreWait])]];
        operations.push({ op: 'mutate', table: 'Open_vSwitch', where: [], mutations });
      }
      for (const [id, { bfd }] of this.#client.rows('Interface')) {
        if (!(pathDown in settingsOf(bfd))) continue;
        const mutations = [['bfd', 'delete', setOf([pathDown])]];
        operations.push({ op: 'mutate', table: 'Interface', where: [['_uuid', '==', uuid(id)]], mutations });
      }
      if (operations.length > 0) await this.#commit(operations, 'flows restored');
    });
  }

  /** All of it, and the number that ovs-vswitchd repeats when it has done it. */
  async #commit(operations: readonly Operation[], what: string): Promise<void> {
    const count = { op: 'mutate', table: 'Open_vSwitch', where: [], mutations: [['next_cfg', '+=', 1]] };
    const select = { op: 'select', table: 'Open_vSwitch', where: [], columns: ['next_cfg'] };
    const results = await this.#client.transact([...operations, count, select]);
    const [row] = (
      results[operations.length + 1] as { readonly rows: readonly { readonly next_cfg: number }[] }
    ).rows;
    const wanted = row?.next_cfg ?? 0;
    await this.#client.waitFor(
      `ovs-vswitchd to make ${what}`,
      () => (number(this.#root()?.[1].cur_cfg) ?? 0) >= wanted,
    );
  }

  #create(bridge: BridgeSettings): Operation[] {
    const { name, localMtu } = bridge;
    const local: BridgePort = {
      name,
      type: 'internal',
      ...(localMtu === undefined ? {} : { mtu: localMtu }),
    };
    const made = [local, ...bridge.ports].map((port, index) => insertPort(port, index));
    return [
      ...made.flatMap(({ operations }) => operations),
      {
        op: 'insert',
        table: 'Bridge',
        'uuid-name': 'bridge',
        row: { name, ...bridgeRow(bridge), ports: setOf(made.map(({ reference }) => reference)) },
      },
      {
        op: 'mutate',
        table: 'Open_vSwitch',
        where: [],
        mutations: [['bridges', 'insert', namedUuid('bridge')]],
      },
    ];
  }

  #change({ id, row }: Found, bridge: BridgeSettings, prune: boolean): Operation[] {
    const operations: Operation[] = [];
    const where = [['_uuid', '==', uuid(id)]];
    if (!sameBridge(row, bridge))
      operations.push({ op: 'update', table: 'Bridge', where, row: bridgeRow(bridge) });
    const there = new Map(this.#ports(bridge.name).map((port) => [text(port.row.name), port]));
    const { name, localMtu } = bridge;
    const wanted = [
      ...(localMtu === undefined ? [] : [{ name, type: 'internal', mtu: localMtu }]),
      ...bridge.ports,
    ];
    const fresh = wanted
      .filter((port) => !there.has(port.name))
      .map((port, index) => insertPort(port, index));
    operations.push(...fresh.flatMap((port) => port.operations));
    for (const port of wanted) {
      const found = there.get(port.name);
      if (found === undefined || sameInterface(found.row, port)) continue;
      const own = [['_uuid', '==', uuid(found.id)]];
      const kept = { ...port, bfd: { ...port.bfd, ...pathOf(found.row.bfd) } };
      operations.push({ op: 'update', table: 'Interface', where: own, row: interfaceRow(kept) });
    }
    const mutations: unknown[] = [];
    if (fresh.length > 0) mutations.push(['ports', 'insert', setOf(fresh.map(({ reference }) => reference))]);
    const names = new Set([name, ...wanted.map((port) => port.name)]);
    const stale = [...there].filter(([port]) => prune && !names.has(port)).map(([, { port }]) => uuid(port));
    if (stale.length > 0) mutations.push(['ports', 'delete', setOf(stale)]);
    if (mutations.length > 0) operations.push({ op: 'mutate', table: 'Bridge', where, mutations });
    return operations;
  }

  #root(): readonly [string, Row] | undefined {
    return [...this.#client.rows('Open_vSwitch')][0];
  }

  #bridge(name: string): Found | undefined {
    const entry = [...this.#client.rows('Bridge')].find(([, row]) => row.name === name);
    return entry && { id: entry[0], row: entry[1] };
  }

  /** Interfaces of a bridge with the ids of themselves and of their ports. */
  #ports(bridge: string): readonly (Found & { readonly port: string })[] {
    const ports = list(this.#bridge(bridge)?.row.ports).map(String);
    return ports.flatMap((port) => {
      const interfaces = list(this.#client.rows('Port').get(port)?.interfaces).map(String);
      return interfaces.flatMap((id) => {
        const row = this.#client.rows('Interface').get(id);
        return row === undefined ? [] : [{ id, row, port }];
      });
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

interface Found {
  readonly id: string;
  readonly row: Row;
}

const bridgeRow = ({ datapathType, failMode, protocols, otherConfig = {} }: BridgeSettings) => ({
  datapath_type: datapathType,
  fail_mode: optional(failMode),
  protocols: setOf(protocols),
  other_config: mapOf(otherConfig),
});

const interfaceRow = ({ type, options = {}, bfd = {}, mac, mtu, ofport }: BridgePort) => ({
  type,
  options: mapOf(options),
  bfd: mapOf(bfd),
  mac: optional(mac),
  mtu_request: optional(mtu),
  ofport_request: optional(ofport),
});

function insertPort(
  port: BridgePort,
  index: number,
): { readonly operations: Operation[]; readonly reference: unknown } {
  const [own, inner] = [`port${String(index)}`, `interface${String(index)}`];
  const { name } = port;
  return {
    reference: namedUuid(own),
    operations: [
      { op: 'insert', table: 'Interface', 'uuid-name': inner, row: { name, ...interfaceRow(port) } },
      { op: 'insert', table: 'Port', 'uuid-name': own, row: { name, interfaces: namedUuid(inner) } },
    ],
  };
}

/** What was set before ovs-vswitchd was started is not ours until the flows are back. */
const pathOf = (bfd: Value | undefined): Settings => {
  const said = settingsOf(bfd)[pathDown];
  return said === undefined ? {} : { [pathDown]: said };
};

const sameMap = (value: Value | undefined, wanted: Settings = {}): boolean => {
  const there = Object.entries(settingsOf(value));
  return there.length === Object.keys(wanted).length && there.every(([key, entry]) => wanted[key] === entry);
};

const sameList = (value: Value | undefined, wanted: readonly string[]): boolean =>
  list(value).map(String).toSorted().join() === wanted.toSorted().join();

const sameBridge = (row: Row, { datapathType, failMode, protocols, otherConfig }: BridgeSettings): boolean =>
  text(row.datapath_type) === datapathType &&
  text(row.fail_mode) === (failMode ?? '') &&
  sameList(row.protocols, protocols) &&
  sameMap(row.other_config, otherConfig);

const sameInterface = (row: Row, { type, options, bfd, mac, mtu, ofport }: BridgePort): boolean =>
  text(row.type) === type &&
  sameMap(row.options, options) &&
  sameMap(row.bfd, { ...bfd, ...pathOf(row.bfd) }) &&
  text(row.mac) === (mac ?? '') &&
  number(row.mtu_request) === mtu &&
  number(row.ofport_request) === ofport;
