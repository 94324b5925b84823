/** The port by which a node tells the cluster how it is: an agent on its Node, a gateway on its EgressGateway. */
import { type NodeFacts, type World } from '@sluice/model';
import { type Problem } from './problem.js';

export interface NodeReport {
  readonly world: World;
  /** Undefined: everything works. */
  readonly problem: Problem | undefined;
  /** Undefined while they are not known. */
  readonly facts: NodeFacts | undefined;
  readonly tunnelAddress: string | undefined;
  readonly ovsVersion: string | undefined;
  /** Addresses that this node holds and has programmed, canonical. */
  readonly held: ReadonlySet<string>;
  /** Slots that it has handed over and still carries packets of; undefined: an agent, or not known. */
  readonly leavingSlots: number | undefined;
}

export interface Reporter {
  /** Writes what differs from what the world says. Throws what the API client throws; the caller tries again. */
  report(report: NodeReport): Promise<void>;
}
