/**
 * compile: Intent → Desired, unit by unit. A `Compiler` remembers the units of its last result and makes only those
 * anew whose scope is no longer equal; everything else is reused by identity, whole sections included.
 */
import { type Intent } from '@sluice/model';
import { type DatapathConfig, checkConfig, defaultConfig } from '../config.js';
import { assemble, type CompiledDesired, type Sections } from './compiled.js';
import { GatewayScopes } from './gateway-scopes.js';
import { type Keyed, type Scopes } from './scope-memo.js';
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
import { Section } from './section.js';
import { sectionNames, type SectionName, type UnitState } from './unit.js';
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

type Versions = Partial<Record<SectionName, number>>;

interface Memory {
  readonly intent: Intent;
  /** Of the scopes from which sections were made. */
  readonly versions: Versions;
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
   * States of units are made when they are asked for, and only then throw: InternalError SLUICE_PIPELINE_VIOLATION when a
   * flow breaks the declaration of its table, ConfigError SLUICE_ADDRESS_INVALID for an address that is none.
   */
  compile(intent: Intent): CompiledDesired {
    const { memory } = this;
    if (memory?.intent === intent) return memory.result;
    const versions: Versions = {};
    const sections = this.sections(intent, versions);
    const before = memory?.result;
    const isSame =
      before !== undefined && sectionNames.every((name) => sections[name] === before.sections[name]);
    const result = isSame ? before : assemble(sections);
    this.memory = { intent, versions, result };
    return result;
  }

  /** What was compiled is installed: its lists are put together again when somebody asks. */
  release(): void {
    this.memory?.result.release();
  }

  /** Fills `versions`. */
  private sections(intent: Intent, versions: Versions): Sections {
    const { config, memory, ofGateway } = this;
    const before = (name: SectionName): Section => memory?.result.sections[name] ?? Section.empty;
    const of = <S>(name: SectionName, scopes: Keyed<S>, make: (scope: S) => UnitState): Section =>
      before(name).advance(scopes, make);
    const shared = <S>(name: SectionName, scopes: Scopes<S>, make: (scope: S) => UnitState): Section => {
      versions[name] = scopes.version;
      if (memory?.versions[name] === scopes.version) return before(name);
      return of(name, scopes.all(), make);
    };
    /** Where no two objects have one key, whatever users write. */
    const keyed = <S>(name: SectionName, scopes: Scopes<S>, make: (scope: S) => UnitState): Section => {
      const { change } = scopes;
      if (change === undefined || change.from !== memory?.versions[name]) return shared(name, scopes, make);
      versions[name] = scopes.version;
      return before(name).change(change.removed, change.added, make);
    };
    return {
      node: of('node', [['node', baseScope(intent, config)]], nodeUnit),
      peer: of('peer', peerScopes(intent), peerUnit(config)),
      fleet: of('fleet', fleetScopes(intent), fleetUnit),
      gateway: of('gateway', gatewayScopes(intent), gatewayUnit),
      slot: of('slot', slotScopes(intent), slotUnit),
      route: of('route', routeScopes(intent), routeUnit),
      pod: of('pod', podScopes(intent), podUnit),
      pool: of('pool', poolScopes(intent), poolUnit(config)),
      egress: shared('egress', ofGateway.egress(intent), egressUnit),
      address: shared('address', ofGateway.address(intent), addressUnit),
      service: keyed('service', ofGateway.service(intent), serviceUnit),
      neighbour: shared('neighbour', ofGateway.neighbour(intent), neighbourUnit),
    };
  }
}

/** The desired state of one intent, from nothing. */
export const compile = (intent: Intent, config: DatapathConfig = defaultConfig): CompiledDesired =>
  new Compiler(config).compile(intent);
