/** What a run is made of besides its seed: the constants, and where a broken variant of the protocol differs. */
import { type SlotTimes, slotTimes } from '../constants.js';
import { type SlotEffect } from '../protocol/effects.js';
import { type SlotEvent } from '../protocol/events.js';

export interface Rules {
  readonly times: SlotTimes;
  /** Open vSwitch inserts what it should modify, as an ADD does. */
  readonly modifyInserts: boolean;
  /** Opens without an armed entry. */
  readonly neverArm: boolean;
  /** An armed entry answers no probes. */
  readonly armedIsSilent: boolean;
  /** Gives slots back before its gate is closed. */
  readonly releaseFirst: boolean;
  /** Epochs of the store do not follow its clock. */
  readonly epochsFromZero: boolean;
  /** The successor is named while the holder still answers. */
  readonly handOverFirst: boolean;
  /** A retiring entry still answers probes. */
  readonly retiringAnswers: boolean;
  /** What the machine hears and does instead. */
  readonly event: ((event: SlotEvent) => SlotEvent) | undefined;
  readonly effect: ((effect: SlotEffect) => readonly SlotEffect[]) | undefined;
}

/**
 * All inequalities hold, but gates run out sooner, so that a schedule is over in seconds: the safety of the protocol
 * depends on the inequalities alone.
 */
export const shortTimes: SlotTimes = {
  ...slotTimes,
  leaseMs: 600,
  renewMs: 150,
  beliefMs: 400,
  gateMs: 1200,
  extendMs: 300,
  expiryLateMs: 150,
  goneMs: 2200,
  uplinkMs: 300,
  silenceMs: 800,
  restartMs: 800,
};

export const correct: Rules = {
  times: shortTimes,
  modifyInserts: false,
  neverArm: false,
  armedIsSilent: false,
  releaseFirst: false,
  epochsFromZero: false,
  handOverFirst: false,
  retiringAnswers: false,
  event: undefined,
  effect: undefined,
};
