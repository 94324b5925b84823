/**
 * Moves addresses and routes of a NIC to the link that takes its place (and back):
 *
 *   1. copy the addresses    both links have them
 *   2. replace each route    the kernel swaps the link under the same destination and metric, without a gap
 *   3. remove the addresses  the kernel flushes what it made for them itself
 *   4. remove and restore    routes that are still on the old link, or that the kernel flushed
 *
 * At no time is anything only in memory: whoever is cut off begins again. Routes are handled as `ip` prints them, since
 * its JSON leaves out locks and preferences.
 */
import { type Family, RemoteError } from '@sluice/core';
import { type IpFamily, type IpProgram } from './ip-program.js';

interface Route {
  readonly family: Family;
  /** Arguments for `ip route replace`. */
  readonly words: string;
  readonly hasGateway: boolean;
}

const families = [4, 6] as const;
const kernelProtocol = 2;

type JsonObject = Readonly<Record<string, unknown>>;

/** What the kernel adds by itself, and what only it may say. */
const notForInput = /(?:^|\s)(?:expires \S+|nhid \d+|linkdown|dead|offload|trap|rt_\w+|error -?\d+)(?=\s|$)/g;

/** Broadcast, local and multicast routes begin with their type; those that the kernel made come by themselves. */
const isMovable = (line: string, dev: string): boolean =>
  /^(?:default|\S*[.:]\S*)\s/.test(line) &&
  !new RegExp(`\\sproto ${kernelProtocol}(?:\\s|$)`).test(line) &&
  line.split(/\s+/).some((word, index, words) => word === 'dev' && words[index + 1] === dev);

const wordsOf = (line: string): string =>
  line.replaceAll('\\', ' ').replaceAll(notForInput, ' ').replaceAll(/\s+/g, ' ').trim();

const renamed = (words: string, { from, to }: Move): string =>
  words
    .split(' ')
    .map((word, index, all) => (all[index - 1] === 'dev' && word === from ? to : word))
    .join(' ');

export interface Move {
  readonly from: string;
  readonly to: string;
}

const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? `${value}` : '';

/** `noprefixroute` is kept; the rest of the kernel's flags is not for input. */
function addressWords(info: JsonObject): string {
  const own = text(info.local);
  const peer = info.address === undefined ? '' : ` peer ${text(info.address)}`;
  const length = `/${text(info.prefixlen)}`;
  const address = peer === '' ? own + length : `${own}${peer}${length}`;
  const broadcast = info.broadcast === undefined ? '' : ` broadcast ${text(info.broadcast)}`;
  const flags = `${info.noprefixroute === true ? ' noprefixroute' : ''}${own.includes(':') ? ' nodad' : ''}`;
  return `${address}${broadcast} scope ${text(info.scope)}${flags}`;
}

/** Link-local addresses belong to their link; temporary ones the kernel makes anew. */
const isMovableAddress = (info: JsonObject): boolean => text(info.scope) === '0' && info.temporary !== true;

export class AddressingMove {
  constructor(
    private readonly ip: IpProgram,
    private readonly move: Move,
  ) {}

  /** Throws RemoteError SLUICE_NETLINK_FAILED; what was done by then stays and the next call goes on from there. */
  async run(): Promise<void> {
    const { from, to } = this.move;
    if (from === to) return;
    await this.checkLinks();
    const addresses = await this.addresses();
    const routes = await this.routes(from);
    const wanted = routes.map((route) => ({ ...route, words: renamed(route.words, this.move) }));
    await this.demand(
      'unspec',
      addresses.map((words) => `address replace ${words} dev ${to}`),
    );
    await this.replace(wanted);
    await this.removeOld(addresses);
    await this.settle(wanted);
  }

  private async checkLinks(): Promise<void> {
    const [links = []] = await this.ip.query('unspec', ['link show']);
    for (const name of [this.move.from, this.move.to]) {
      const link = (links as readonly JsonObject[]).find(({ ifname }) => ifname === name);
      const why = link === undefined ? 'does not exist' : 'is down';
      if (Array.isArray(link?.flags) && (name === this.move.from || link.flags.includes('UP'))) continue;
      const message = `the addressing of ${this.move.from} cannot be moved to ${this.move.to}: ${name} ${why}`;
      throw new RemoteError('SLUICE_NETLINK_FAILED', { message, retryable: true });
    }
  }

  private async addresses(): Promise<string[]> {
    const [links = []] = await this.ip.query('unspec', ['address show']);
    return (links as readonly JsonObject[])
      .filter(({ ifname }) => ifname === this.move.from)
      .flatMap(({ addr_info: infos }) => (Array.isArray(infos) ? (infos as JsonObject[]) : []))
      .filter(isMovableAddress)
      .map(addressWords);
  }

  private async routes(dev: string): Promise<Route[]> {
    const perFamily = await Promise.all(
      families.map(async (family) => {
        const lines = await this.ip.listing(family, 'route show table all');
        return lines
          .filter((line) => isMovable(line, dev))
          .map((line) => ({ family, words: wordsOf(line), hasGateway: /\svia\s/.test(line) }));
      }),
    );
    return perFamily.flat();
  }

  /** Routes without a gateway first: the others need them to reach theirs. */
  private async replace(routes: readonly Route[]): Promise<void> {
    for (const family of families) {
      const own = routes.filter((route) => route.family === family);
      const ordered = [
        ...own.filter((route) => !route.hasGateway),
        ...own.filter((route) => route.hasGateway),
      ];
      await this.demand(
        family,
        ordered.map(({ words }) => `route replace ${words}`),
      );
    }
  }

  private async removeOld(addresses: readonly string[]): Promise<void> {
    const commands = addresses.map(
      (words) => `address delete ${words.replace(/ (?:broadcast|scope) .*$/, '')} dev ${this.move.from}`,
    );
    // An IPv4 address takes those of its subnet that were added later with it.
    const failures = await this.ip.change('unspec', commands);
    const refusal = failures.find(({ reason }) => !/Cannot assign|not found/i.test(reason));
    if (refusal) throw this.ip.refused(commands[refusal.index] ?? '', refusal.reason);
  }

  private async settle(wanted: readonly Route[]): Promise<void> {
    for (const { family, words } of await this.routes(this.move.from)) {
      const command = `route delete ${words}`;
      const [failure] = await this.ip.change(family, [command]);
      if (failure && !failure.reason.includes('No such process'))
        throw this.ip.refused(command, failure.reason);
    }
    const there = new Set((await this.routes(this.move.to)).map(({ family, words }) => `${family} ${words}`));
    await this.replace(wanted.filter(({ family, words }) => !there.has(`${family} ${words}`)));
  }

  private async demand(family: IpFamily, commands: readonly string[]): Promise<void> {
    const [failure] = await this.ip.change(family, commands);
    if (failure) throw this.ip.refused(commands[failure.index] ?? '', failure.reason);
  }
}
