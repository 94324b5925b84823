/** `HostNetwork` over the real kernel. */
import { type Family, type Logger, RemoteError, canonicalIp, silentLogger } from '@sluice/core';
import { type Addressing, type HostNetwork, type HostSnapshot, type SnapshotQuery } from './host-network.js';
import {
  type HostStep,
  type RouteIdentity,
  type StepFailure,
  isHarmless,
  stepCommand,
  stepFamily,
} from './host-step.js';
import { IpProgram, type IpProgramOptions } from './ip-program.js';
import { allEventKinds, monitorEvents } from './monitor.js';
import { AddressingMove } from './move-addressing.js';
import { parseAddresses, parseLinks, parseNeighbours, parseRoutes, parseRules } from './parse.js';
import {
  type Address,
  type DeviceAddress,
  type Link,
  type LinkSetting,
  type Neighbour,
  type NetworkEvent,
  type NetworkEventKind,
  type Route,
  type RouteSpec,
  type Rule,
  type RuleSpec,
  type SysctlPath,
} from './shapes.js';
import { readLocal, readInside, sysctlFile, writeLocal, writeInside } from './sysctl.js';

export interface KernelNetworkOptions extends IpProgramOptions {
  readonly logger?: Logger;
}

const mainTable = 254;
const routeCommand = (table: number): string => `route show table ${table}`;
const neighbourCommands = ['neigh show nud permanent', 'neigh show proxy'] as const;

/** The kernel's words when no route leads to an address, or one that refuses. */
const noRoute = /unreachable|No route to host|Invalid argument|Permission denied/;
/** rtnetlink's number of routes to the host's own addresses. */
const localKind = 'local';

/** A kernel that was started without IPv6 knows no rules and routes of it. */
function withoutIpv6(error: unknown): undefined {
  if (error instanceof RemoteError && error.message.includes('not supported')) return undefined;
  throw error;
}

const of = <T extends { readonly dev: string }>(
  items: readonly T[],
  dev: string | undefined,
): readonly T[] => (dev === undefined ? items : items.filter((item) => item.dev === dev));

export class KernelNetwork implements HostNetwork {
  private readonly ip: IpProgram;
  private readonly logger: Logger;

  constructor({ logger = silentLogger, ...program }: KernelNetworkOptions = {}) {
    this.ip = new IpProgram(program);
    this.logger = logger;
  }

  async links(): Promise<readonly Link[]> {
    const [links = []] = await this.ip.query('unspec', ['link show'], { details: true });
    return parseLinks(links);
  }

  async link(name: string): Promise<Link | undefined> {
    return (await this.links()).find((link) => link.name === name);
  }

  async setLink(name: string, { up, mac, mtu }: LinkSetting): Promise<void> {
    const words = [
      ...(mac === undefined ? [] : [`address ${mac}`]),
      ...(mtu === undefined ? [] : [`mtu ${mtu}`]),
      ...(up === undefined ? [] : [up ? 'up' : 'down']),
    ];
    const commands = words.map((setting) => `link set dev ${name} ${setting}`);
    const [failure] = await this.ip.change('unspec', commands);
    if (failure) throw this.ip.refused(commands[failure.index] ?? '', failure.reason);
  }

  async addresses(dev?: string): Promise<readonly Address[]> {
    const [addresses = []] = await this.ip.query('unspec', ['address show']);
    return of(parseAddresses(addresses), dev);
  }

  addAddress(address: DeviceAddress): Promise<void> {
    return this.one({ kind: 'addAddress', address });
  }

  removeAddress(address: DeviceAddress): Promise<void> {
    return this.one({ kind: 'removeAddress', address });
  }

  async routes({ family, table }: { family: Family; table: number }): Promise<readonly Route[]> {
    const [routes = []] = await this.ip.query(family, [routeCommand(table)]);
    return parseRoutes(routes, family, table);
  }

  replaceRoute(route: RouteSpec): Promise<void> {
    return this.one({ kind: 'replaceRoute', route });
  }

  removeRoute(route: RouteIdentity): Promise<void> {
    return this.one({ kind: 'removeRoute', route });
  }

  async hostRoutes(family: Family): Promise<ReadonlyMap<string, string>> {
    const suffix = family === 4 ? '/32' : '/128';
    const routes = await this.routes({ family, table: mainTable });
    return new Map(
      routes.flatMap(({ kind, destination, dev }): [string, string][] =>
        kind === 'unicast' && dev !== undefined && destination.endsWith(suffix)
          ? [[destination.slice(0, -suffix.length), dev]]
          : [],
      ),
    );
  }

  async routeTo(address: string): Promise<string | undefined> {
    const family: Family = address.includes(':') ? 6 : 4;
    try {
      const [routes = []] = await this.ip.query(family, [`route get ${canonicalIp(address)}`]);
      const [route] = parseRoutes(routes, family, mainTable);
      return route?.kind === localKind ? undefined : route?.dev;
    } catch (error) {
      if (error instanceof RemoteError && noRoute.test(error.message)) return undefined;
      throw error;
    }
  }

  async rules(family: Family): Promise<readonly Rule[]> {
    const [rules = []] = await this.ip.query(family, ['rule show']);
    return parseRules(rules, family);
  }

  addRule(rule: RuleSpec): Promise<void> {
    return this.one({ kind: 'addRule', rule });
  }

  removeRule(rule: RuleSpec): Promise<void> {
    return this.one({ kind: 'removeRule', rule });
  }

  async neighbours(dev?: string): Promise<readonly Neighbour[]> {
    const answers = await this.ip.query('unspec', neighbourCommands);
    return of(answers.flatMap(parseNeighbours), dev);
  }

  setNeighbour(neighbour: Neighbour): Promise<void> {
    return this.one({ kind: 'setNeighbour', neighbour });
  }

  removeNeighbour(neighbour: Neighbour): Promise<void> {
    return this.one({ kind: 'removeNeighbour', neighbour });
  }

  async readSysctl(key: SysctlPath): Promise<string | undefined> {
    const [value] = await this.readSysctls([key]);
    return value;
  }

  async readSysctls(keys: readonly SysctlPath[]): Promise<readonly (string | undefined)[]> {
    const files = keys.map(sysctlFile);
    return this.ip.netns === undefined ? Promise.all(files.map(readLocal)) : readInside(this.ip.netns, files);
  }

  async writeSysctl(key: SysctlPath, value: string): Promise<void> {
    const file = sysctlFile(key);
    return this.ip.netns === undefined ? writeLocal(file, value) : writeInside(this.ip.netns, file, value);
  }

  /** Two children: asked for both families, `ip` lists addresses of both, and routes of IPv4. */
  async addressing(): Promise<Addressing> {
    const [[links = [], routes = []], six] = await Promise.all([
      this.ip.query('unspec', ['address show', routeCommand(mainTable)]),
      this.routes({ family: 6, table: mainTable }).catch(withoutIpv6),
    ]);
    return {
      links: parseLinks(links),
      addresses: parseAddresses(links),
      routes: [...parseRoutes(routes, 4, mainTable), ...(six ?? [])],
    };
  }

  async snapshot({ devices, tables }: SnapshotQuery): Promise<HostSnapshot> {
    const [links, four, six] = await Promise.all([
      this.ip.queryLinks([...neighbourCommands, ...devices.map((dev) => `address show dev ${dev}`)]),
      this.rulesAndRoutes(4),
      this.rulesAndRoutes(6).catch(withoutIpv6),
    ]);
    const [permanent, proxies, ...addresses] = links;
    const present = addresses.flatMap((answer) => answer ?? []);
    const wanted = new Set(tables);
    return {
      ipv6: six !== undefined,
      links: parseLinks(present),
      addresses: parseAddresses(present),
      neighbours: parseNeighbours([...(permanent ?? []), ...(proxies ?? [])]),
      rules: [...four.rules, ...(six?.rules ?? [])],
      routes: [...four.routes, ...(six?.routes ?? [])].filter(({ table }) => wanted.has(table)),
    };
  }

  /** All tables at once: in a batch `ip` would read all of them for each that it shows. */
  private async rulesAndRoutes(family: Family): Promise<{ rules: Rule[]; routes: Route[] }> {
    const [rules = [], routes = []] = await this.ip.query(family, ['rule show', 'route show table all']);
    return { rules: parseRules(rules, family), routes: parseRoutes(routes, family, mainTable) };
  }

  async apply(steps: readonly HostStep[]): Promise<readonly StepFailure[]> {
    const failures: StepFailure[] = [];
    for (const family of [4, 6] as const) {
      const own = steps.filter((step) => stepFamily(step) === family);
      const commands = own.map(stepCommand);
      for (const { index, reason } of await this.ip.change(family, commands)) {
        const step = own[index];
        if (step === undefined || isHarmless(step, reason)) continue;
        failures.push({ step, command: `-${family} ${commands[index] ?? ''}`, reason });
      }
    }
    return failures;
  }

  moveAddressing(from: string, to: string): Promise<void> {
    return new AddressingMove(this.ip, { from, to }).run();
  }

  monitor(
    signal: AbortSignal,
    kinds: readonly NetworkEventKind[] = allEventKinds,
  ): AsyncIterable<NetworkEvent> {
    return monitorEvents({ ip: this.ip, kinds, signal, logger: this.logger });
  }

  private async one(step: HostStep): Promise<void> {
    const [failure] = await this.apply([step]);
    if (failure) throw this.ip.refused(failure.command, failure.reason);
  }
}
