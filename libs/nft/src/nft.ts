/** nftables of one network namespace. Calls run one after the other; each is one transaction. */
import { type Logger, RemoteError, silentLogger } from '@sluice/core';
import { type NftCommand, addElements, deleteElements, putTable, removeTable } from './commands.js';
import { remainingChange, tableDifference } from './difference.js';
import { keyExpression } from './element-key.js';
import { type InstalledTable, listedObjects, outlineOf, parseTable } from './installed.js';
import { asText } from './json.js';
import { NftProgram, type NftProgramOptions } from './program.js';
import { type NftElement, type NftTable } from './table.js';

export interface NftOptions extends NftProgramOptions {
  readonly logger?: Logger;
}

export interface NftSetElement {
  readonly table: string;
  readonly set: string;
  readonly element: NftElement;
}

/** Applied together: removals of elements before additions, so that one element may be in both. */
export interface NftChange {
  /** Whole tables, elements included; replaced if they exist. */
  readonly put: readonly NftTable[];
  readonly removeTables: readonly string[];
  readonly addElements: readonly NftSetElement[];
  readonly removeElements: readonly NftSetElement[];
}

export interface NftEnsured {
  /** Names of tables that were put or removed. */
  readonly rebuilt: string[];
  readonly added: number;
  readonly removed: number;
}

/** The elements of one set that a change adds and removes. */
interface SetChange {
  readonly table: string;
  readonly set: string;
  readonly add: NftElement[];
  readonly remove: NftElement[];
}

function bySet({ addElements: added, removeElements: removed }: NftChange): SetChange[] {
  const groups = new Map<string, SetChange>();
  const group = ({ table, set }: NftSetElement): SetChange => {
    const key = `${table} ${set}`;
    const found = groups.get(key) ?? { table, set, add: [], remove: [] };
    groups.set(key, found);
    return found;
  };
  for (const item of removed) group(item).remove.push(item.element);
  for (const item of added) group(item).add.push(item.element);
  return [...groups.values()];
}

const tableCommands = ({ put, removeTables }: NftChange): NftCommand[] => [
  ...put.flatMap(putTable),
  ...removeTables.flatMap(removeTable),
];

const elementCommands = ({ table, set, add, remove }: SetChange): NftCommand[] => [
  ...deleteElements(
    table,
    set,
    remove.map(({ key }) => keyExpression(key)),
  ),
  ...addElements(table, set, add),
];

const isRefusal = (error: unknown): boolean =>
  error instanceof RemoteError && error.code === 'SLUICE_NFT_REFUSED';

/**
 * Errors of all methods: RemoteError SLUICE_NFT_REFUSED (nothing was applied), SLUICE_TOOL_MISSING, SLUICE_TOOL_TOO_OLD;
 * ConfigError SLUICE_ADDRESS_INVALID for elements that are no addresses.
 */
export class Nft {
  private readonly program: NftProgram;
  private readonly logger: Logger;
  private last: Promise<unknown> = Promise.resolve();
  private checked: Promise<string> | undefined;

  constructor({ logger = silentLogger, ...program }: NftOptions = {}) {
    this.program = new NftProgram(program);
    this.logger = logger;
  }

  /** Of the nft program, as `1.0.6`. */
  async version(): Promise<string> {
    this.checked ??= this.program.version();
    try {
      return await this.checked;
    } catch (error) {
      this.checked = undefined;
      throw error;
    }
  }

  /** `nft -j list ruleset` of all tables, without the elements of sets. */
  ruleset(): Promise<string> {
    return this.inTurn(() => this.program.list('ruleset'));
  }

  /** Elements to remove that are not there, or to add that are, are no error. */
  apply(change: NftChange): Promise<void> {
    return this.inTurn(async () => {
      const sets = bySet(change);
      try {
        await this.program.commit([...tableCommands(change), ...sets.flatMap(elementCommands)]);
      } catch (error) {
        if (!isRefusal(error) || sets.length === 0) throw error;
        this.logger.info(
          { error: String(error) },
          'nft refused a change of elements; comparing with what is installed',
        );
        await this.applyRemaining(change, sets);
      }
    });
  }

  /**
   * Makes the owned tables (by name) those given, whatever is there: after a restart, or when someone flushed the
   * ruleset. A table that differs in nothing but elements keeps its chains, counters and other elements.
   */
  ensure(tables: readonly NftTable[], ownedNames: readonly string[]): Promise<NftEnsured> {
    return this.inTurn(async () => {
      try {
        return await this.ensureOnce(tables, ownedNames);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        // Someone may have changed a table after it was read; a second refusal is about the tables themselves.
        this.logger.info({ error: String(error) }, 'nft refused the tables; reading them again');
        return this.ensureOnce(tables, ownedNames);
      }
    });
  }

  private async ensureOnce(tables: readonly NftTable[], ownedNames: readonly string[]): Promise<NftEnsured> {
    const names = tables.map(({ name }) => name);
    const [present, ...read] = await Promise.all([this.present(), ...names.map((name) => this.find(name))]);
    const wanted = new Set(names);
    const rebuilt = ownedNames.filter((name) => present.has(name) && !wanted.has(name));
    const commands = rebuilt.flatMap(removeTable);
    let [added, removed] = [0, 0];
    for (const [index, table] of tables.entries()) {
      const installed = read[index];
      if (installed?.outline === outlineOf(table)) {
        const difference = tableDifference(table, installed);
        commands.push(...difference.commands);
        added += difference.added;
        removed += difference.removed;
      } else {
        commands.push(...putTable(table));
        rebuilt.push(table.name);
      }
    }
    await this.program.commit(commands);
    return { rebuilt, added, removed };
  }

  /** Names of the tables of family inet. */
  private async present(): Promise<ReadonlySet<string>> {
    const tables = listedObjects(await this.program.list('tables'));
    return new Set(
      tables.flatMap(({ kind, body }) =>
        kind === 'table' && body.family === 'inet' ? [asText(body.name)] : [],
      ),
    );
  }

  private async read(name: string): Promise<InstalledTable> {
    return parseTable(await this.program.list('table', 'inet', name));
  }

  private async find(name: string): Promise<InstalledTable | undefined> {
    try {
      return await this.read(name);
    } catch (error) {
      if (isRefusal(error) && String(error).includes('No such file or directory')) return undefined;
      throw error;
    }
  }

  /** The same change without what is so already. Tables that the change puts are as it gives them. */
  private async applyRemaining(change: NftChange, sets: readonly SetChange[]): Promise<void> {
    const commands = tableCommands(change);
    const tables = new Map<string, InstalledTable>();
    const put = new Set(change.put.map(({ name }) => name));
    for (const { table, set, add, remove } of sets) {
      if (put.has(table)) {
        commands.push(...addElements(table, set, add));
        continue;
      }
      const there = tables.get(table) ?? (await this.read(table));
      tables.set(table, there);
      const installed = there.sets.get(set);
      if (installed === undefined) {
        const message = `table ${table} has no set ${set}; the table was changed by someone else and must be put again`;
        throw new RemoteError('SLUICE_NFT_REFUSED', { message });
      }
      commands.push(...remainingChange(table, { name: set, installed }, { add, remove }).commands);
    }
    await this.program.commit(commands);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(async () => {
      await this.version();
      return work();
    });
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
