/**
 * compile: Intent → Desired, unit by unit. A `Compiler` remembers the units of its last result and makes only those
 * anew whose scope is no longer equal; everything else is reused by identity, whole sections included.
 */
import { type Intent } from '@sluice/model';
import { type DatapathConfig, checkConfig, defaultConfig } from '../config.js';
import { type CompiledDesired, assemble } from './compiled.js';
import { sameData } from './equal.js';
import { GatewayScopes } from './gateway-scopes.js';
import { type Keyed } from './scope-memo.js';
import {
  baseScope,
  fleetScopes,
  gatewayScopes,
  peerScopes,
  podScopes,
  poolScopes,
  routeScopes,
  slotScopes,
} from './scopes.js';
import {
  type Section,
  type SectionName,
  type Sections,
  type Unit,
  type UnitState,
  sectionNames,
} from './unit.js';
import {
  addressUnit,
  egressUnit,
  fleetUnit,
  gatewayUnit,
  neighbourUnit,
  nodeUnit,
  peerUnit,
  podUnit,
  poolUnit,
  routeUnit,
  serviceUnit,
  slotUnit,
} from './units.js';

const empty: Section = new Map();

/** The next version of a section; the previous one itself when nothing in it changed. The first of equal keys counts. */
function advance<S>(before: Section, scopes: Keyed<S>, make: (scope: S) => UnitState): Section {
  const after = new Map<string, Unit>();
  let same = true;
  for (const [key, scope] of scopes) {
    if (after.has(key)) continue;
    const old = before.get(key);
    const keep = old !== undefined && sameData(old.scope, scope);
    same &&= keep;
    after.set(key, keep ? old : { key, scope, state: make(scope) });
  }
  return same && after.size === before.size ? before : after;
}

type ScopeLists = Partial<Record<SectionName, Keyed<unknown>>>;

interface Memory {
  readonly intent: Intent;
  /** Of which the sections were made: the identical list gives the identical section. */
  readonly lists: ScopeLists;
  readonly result: CompiledDesired;
}

/** One bridge's compiler. Not shared between bridges: it remembers. */
export class Compiler {
  private readonly config: DatapathConfig;
  private readonly ofGateway: GatewayScopes;
  private memory: Memory | undefined;

  /** Throws ConfigError SLUICE_CONFIG_INVALID when marks or zones cannot work. */
  constructor(config: DatapathConfig = defaultConfig) {
    this.config = checkConfig(config);
    this.ofGateway = new GatewayScopes(config);
  }

  /**
   * Throws InternalError SLUICE_PIPELINE_VIOLATION when a flow breaks the declaration of its table, and ConfigError
   * SLUICE_ADDRESS_INVALID for an address that is none; the compiler's memory is then as before.
   */
  compile(intent: Intent): CompiledDesired {
    const { memory } = this;
    if (memory?.intent === intent) return memory.result;
    const lists: ScopeLists = {};
    const sections = this.sections(intent, lists);
    const before = memory?.result;
    const isSame =
      before !== undefined && sectionNames.every((name) => sections[name] === before.sections[name]);
    const result = isSame ? before : assemble(sections);
    this.memory = { intent, lists, result };
    return result;
  }

  /** Fills `lists`. */
  private sections(intent: Intent, lists: ScopeLists): Sections {
    const { config, memory, ofGateway } = this;
    const section = <S>(name: SectionName, scopes: Keyed<S>, make: (scope: S) => UnitState): Section => {
      lists[name] = scopes;
      if (memory === undefined) return advance(empty, scopes, make);
      const before = memory.result.sections[name];
      return memory.lists[name] === scopes ? before : advance(before, scopes, make);
    };
    return {
      node: section('node', [['node', baseScope(intent, config)]], nodeUnit),
      peer: section('peer', peerScopes(intent), peerUnit(config)),
      fleet: section('fleet', fleetScopes(intent), fleetUnit),
      gateway: section('gateway', gatewayScopes(intent), gatewayUnit),
      slot: section('slot', slotScopes(intent), slotUnit),
      route: section('route', routeScopes(intent), routeUnit),
      pod: section('pod', podScopes(intent), podUnit),
      pool: section('pool', poolScopes(intent), poolUnit(config)),
      egress: section('egress', ofGateway.egress(intent), egressUnit),
      address: section('address', ofGateway.address(intent), addressUnit),
      service: section('service', ofGateway.service(intent), serviceUnit),
      neighbour: section('neighbour', ofGateway.neighbour(intent), neighbourUnit),
    };
  }
}

/** The desired state of one intent, from nothing. */
export const compile = (intent: Intent, config: DatapathConfig = defaultConfig): CompiledDesired =>
  new Compiler(config).compile(intent);
