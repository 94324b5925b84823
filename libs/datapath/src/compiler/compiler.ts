/**
 * compile: Intent → Desired, unit by unit. A `Compiler` remembers the units of its last result and makes only those
 * anew whose scope is no longer equal; everything else is reused by identity, whole sections included.
 */
import { type Intent } from '@sluice/model';
import { type DatapathConfig, checkConfig, defaultConfig } from '../config.js';
import { type CompiledDesired, assemble } from './compiled.js';
import { sameData } from './equal.js';
import {
  type Keyed,
  addressScopes,
  baseScope,
  egressScopes,
  fleetScopes,
  gatewayScopes,
  neighbourScopes,
  peerScopes,
  podScopes,
  poolScopes,
  routeScopes,
  serviceScopes,
  slotScopes,
} from './scopes.js';
import { type Section, type Sections, type Unit, type UnitState } from './unit.js';
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

/** One bridge's compiler. Not shared between bridges: it remembers. */
export class Compiler {
  private readonly config: DatapathConfig;
  private last: CompiledDesired | undefined;
  private lastIntent: Intent | undefined;

  /** Throws ConfigError SLUICE_CONFIG_INVALID when marks or zones cannot work. */
  constructor(config: DatapathConfig = defaultConfig) {
    this.config = checkConfig(config);
  }

  /**
   * Throws InternalError SLUICE_PIPELINE_VIOLATION when a flow breaks the declaration of its table, and ConfigError
   * SLUICE_ADDRESS_INVALID for an address that is none; the compiler's memory is then as before.
   */
  compile(intent: Intent): CompiledDesired {
    if (this.last !== undefined && intent === this.lastIntent) return this.last;
    const sections = this.sections(intent, this.last?.sections);
    const result = sections === this.last?.sections ? this.last : assemble(sections);
    this.last = result;
    this.lastIntent = intent;
    return result;
  }

  private sections(intent: Intent, last: Sections | undefined): Sections {
    const { config } = this;
    const before = (name: keyof Sections): Section => last?.[name] ?? empty;
    const next: Sections = {
      node: advance(before('node'), [['node', baseScope(intent, config)]], nodeUnit),
      peer: advance(before('peer'), peerScopes(intent), peerUnit(config)),
      fleet: advance(before('fleet'), fleetScopes(intent), fleetUnit),
      gateway: advance(before('gateway'), gatewayScopes(intent), gatewayUnit),
      slot: advance(before('slot'), slotScopes(intent), slotUnit),
      route: advance(before('route'), routeScopes(intent), routeUnit),
      pod: advance(before('pod'), podScopes(intent), podUnit),
      pool: advance(before('pool'), poolScopes(intent), poolUnit(config)),
      egress: advance(before('egress'), egressScopes(intent, config), egressUnit),
      address: advance(before('address'), addressScopes(intent), addressUnit),
      service: advance(before('service'), serviceScopes(intent, config), serviceUnit),
      neighbour: advance(before('neighbour'), neighbourScopes(intent), neighbourUnit),
    };
    const names = Object.keys(next) as (keyof Sections)[];
    return last !== undefined && names.every((name) => next[name] === last[name]) ? last : next;
  }
}

/** The desired state of one intent, from nothing. */
export const compile = (intent: Intent, config: DatapathConfig = defaultConfig): CompiledDesired =>
  new Compiler(config).compile(intent);
