/**
 * A unit: the part of the desired state that one source object owns. Its inputs decide its outputs, so equal inputs keep
 * the unit, and a diff looks only at units that are not identical.
 */
import { type Flow, type Group } from '@sluice/ovs';
import {
  type DesiredBridge,
  type DesiredHost,
  type DesiredNeighbour,
  type DesiredPort,
  type DesiredRoute,
  type DesiredRule,
} from '../desired.js';
import { type SetElement } from '../host/agent-nft.js';

/** Kinds of units in the order in which they appear in `Desired`. */
export const sectionNames = [
  'node',
  'peer',
  'fleet',
  'gateway',
  'slot',
  'route',
  'pod',
  'pool',
  'egress',
  'address',
  'service',
  'neighbour',
] as const;
export type SectionName = (typeof sectionNames)[number];

/** Those with more than flows and groups. */
export const hostSectionNames = [
  'node',
  'peer',
  'pod',
  'pool',
  'neighbour',
] as const satisfies readonly SectionName[];

export interface UnitState {
  readonly flows: readonly Flow[];
  readonly groups: readonly Group[];
  readonly ports: readonly DesiredPort[];
  readonly elements: readonly SetElement[];
  readonly neighbours: readonly DesiredNeighbour[];
  readonly routes: readonly DesiredRoute[];
  readonly rules: readonly DesiredRule[];
  /** The node's unit only: the rest of the host, and the bridge without other units' ports. */
  readonly base?: UnitBase;
}

export interface UnitBase {
  readonly bridge: DesiredBridge;
  /** nft tables without the elements of verdict maps. */
  readonly host: DesiredHost;
}

/** What one source object owns: its state is a function of its scope. */
export class Unit {
  private kept: UnitState | undefined;

  constructor(
    /** `pod/<address>`, `egress/<id>` … */
    readonly key: string,
    readonly scope: unknown,
    private readonly make: () => UnitState,
  ) {}

  /**
   * Made for whoever asks, and equal at all times: of ten thousand Services it is 60 MB that nobody needs between two
   * changes. The node's own stays: there is one, and differences know it by identity. Throws what `make` throws.
   */
  get state(): UnitState {
    if (this.kept !== undefined) return this.kept;
    const state = this.make();
    if (state.base !== undefined) this.kept = state;
    return state;
  }
}

const nothing: UnitState = {
  flows: [],
  groups: [],
  ports: [],
  elements: [],
  neighbours: [],
  routes: [],
  rules: [],
};
export const unitState = (parts: Partial<UnitState>): UnitState => ({ ...nothing, ...parts });
