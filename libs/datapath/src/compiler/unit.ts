/**
 * A unit: the part of the desired state that one source object owns. Its inputs decide its outputs, so equal inputs
 * reuse the outputs by identity, and a diff looks only at units that are not identical.
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

export interface Unit {
  /** `pod/<address>`, `egress/<id>` … */
  readonly key: string;
  readonly scope: unknown;
  readonly state: UnitState;
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
