/** Variants of the protocol that are broken on purpose: the simulator must find each of them, or it finds nothing. */
import { type SlotTimes } from '../constants.js';
import { type SlotEffect } from '../protocol/effects.js';
import { type SlotEvent } from '../protocol/events.js';
import { correct, type Rules } from './rules.js';

export interface Mutation {
  readonly name: string;
  readonly rules: Rules;
}

const times = (change: Partial<SlotTimes>): Partial<Rules> => ({ times: { ...correct.times, ...change } });

const hears = (event: (event: SlotEvent) => SlotEvent): Partial<Rules> => ({ event });

const does = (effect: (effect: SlotEffect) => readonly SlotEffect[]): Partial<Rules> => ({ effect });

const variants: readonly (readonly [string, Partial<Rules>])[] = [
  ['open and extend by ADD', { modifyInserts: true }],
  ['open without arming', { neverArm: true, modifyInserts: true }],
  [
    'do not ask the wire',
    hears((event) => (event.type === 'probed' ? { ...event, answered: new Set(), control: true } : event)),
  ],
  ['believe longer than the lease lasts', times({ beliefMs: 5 * correct.times.leaseMs })],
  [
    'carry on without an uplink (no row 2)',
    hears((event) => (event.type === 'health' ? { ...event, uplinkUp: true } : event)),
  ],
  ['wait shorter than a gate lasts (W)', times({ gateMs: 5000, goneMs: correct.times.silenceMs })],
  ['take over without a time of silence (S)', times({ silenceMs: 0 })],
  [
    'drop what a wiped store has forgotten (no row 4)',
    does((effect) => {
      return effect.type === 'assert'
        ? [{ type: 'close', slots: [effect.slot], release: new Map() }]
        : [effect];
    }),
  ],
  [
    'close as soon as the store is silent (no row 7)',
    hears((event) => (event.type === 'bfd' ? { ...event, shareUp: 0 } : event)),
  ],
  [
    'stay when cut off from everything (no row 8)',
    hears((event) => (event.type === 'bfd' ? { ...event, shareUp: 1 } : event)),
  ],
  ['count epochs from the stored one only', { epochsFromZero: true }],
  [
    'do not release after a close',
    does((effect) => {
      return effect.type === 'close' ? [{ ...effect, release: new Map() }] : [effect];
    }),
  ],
  ['hand over before retiring', { handOverFirst: true }],
  ['answer while retiring', { retiringAnswers: true }],
  [
    'no fast path',
    hears((event) => {
      return event.type === 'bfd'
        ? { ...event, peers: new Map([...event.peers].map(([name]) => [name, true])) }
        : event;
    }),
  ],
  ['extend too seldom', times({ extendMs: 2 * correct.times.gateMs })],
];

export const mutations: readonly Mutation[] = variants.map(([name, change]) => ({
  name,
  rules: { ...correct, ...change },
}));
