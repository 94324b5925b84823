/** What a gate entry is, as the protocol sees it; the datapath's entries have the same forms. */
import { type GatewayName, type SlotId } from '../store.js';

/**
 * `armed` answers other gateways' probes and passes nothing; `open` passes, and answers everybody; `retiring` passes, and
 * answers nobody: the slot was handed over.
 */
export type GateForm = 'armed' | 'open' | 'retiring';

export interface GateState {
  readonly form: GateForm;
  /** 0 while it is armed. */
  readonly epoch: number;
  /** Whoever else has connections of the slot: its former holder (open) or its present one (retiring). */
  readonly other: GatewayName | undefined;
  /** Open: the former holder's time is over or about to be; its connections come over, and their ports stay as they are. */
  readonly parting: boolean;
  /** Of the process that armed it. */
  readonly incarnation: number;
}

export type GateTable = ReadonlyMap<SlotId, GateState>;
