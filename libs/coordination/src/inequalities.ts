/**
 * The inequalities between the constants of the slot protocol (docs/design/slot-protocol.md, section 3). A process whose
 * constants break one does not start: each of them keeps two gateways from forwarding for one slot, or a promise of time.
 */
import { ConfigError } from '@sluice/core';
import { type SlotTimes } from './constants.js';

/** A failover that takes longer is not what Sluice promises. */
const promisedMs = 1000;
const extendsPerGate = 3;

export interface Inequality {
  readonly name: string;
  /** What it is good for. */
  readonly because: string;
  readonly text: string;
  /** What an operator changes to keep it. */
  readonly change: string;
  /** It holds if the left side is not less than the right one; both in milliseconds. */
  readonly sides: (times: SlotTimes) => { readonly left: number; readonly right: number };
  /** The right side has to be less, not only at most as much. */
  readonly strict?: true;
}

export const inequalities: readonly Inequality[] = [
  {
    name: '1',
    because: 'a holder that is cut off has closed before anybody else can claim',
    text: 'leaseMs - beliefMs >= actMs + clockDrift * leaseMs',
    change: 'raise leaseMs or lower beliefMs',
    sides: ({ leaseMs, beliefMs, actMs, clockDrift }) => {
      return { left: leaseMs - beliefMs, right: actMs + clockDrift * leaseMs };
    },
  },
  {
    name: '2',
    because: 'one lost renewal does no harm',
    text: 'beliefMs >= 2 * renewMs + storeMs',
    change: 'raise beliefMs or lower renewMs',
    sides: ({ beliefMs, renewMs, storeMs }) => ({ left: beliefMs, right: 2 * renewMs + storeMs }),
  },
  {
    name: '3',
    because: 'the gate of a process that was stopped at the worst moment has run out before a slow takeover',
    text: '(goneMs + leaseMs) * (1 - clockDrift) >= 2 * (gateMs + expiryLateMs) * (1 + clockDrift)',
    change: 'raise goneMs or lower gateMs',
    sides: ({ goneMs, leaseMs, gateMs, expiryLateMs, clockDrift }) => ({
      left: (goneMs + leaseMs) * (1 - clockDrift),
      right: 2 * (gateMs + expiryLateMs) * (1 + clockDrift),
    }),
  },
  {
    name: '4a',
    because: 'two lost extensions do no harm',
    text: `gateMs >= ${extendsPerGate} * extendMs`,
    change: 'raise gateMs or lower extendMs',
    sides: ({ gateMs, extendMs }) => ({ left: gateMs, right: extendsPerGate * extendMs }),
  },
  {
    name: '4b',
    because: 'a process that is restarted loses no packet',
    text: 'gateMs - extendMs >= restartMs',
    change: 'raise gateMs or lower extendMs',
    sides: ({ gateMs, extendMs, restartMs }) => ({ left: gateMs - extendMs, right: restartMs }),
  },
  {
    name: '5',
    because: 'a dead gateway is replaced within a second',
    text: `${promisedMs} > max(leaseMs, 2 * bfdMs) + renewMs + probeMs + openMs`,
    change: 'lower leaseMs, bfdMs or renewMs',
    strict: true,
    sides: ({ leaseMs, bfdMs, renewMs, probeMs, openMs }) => ({
      left: promisedMs,
      right: Math.max(leaseMs, 2 * bfdMs) + renewMs + probeMs + openMs,
    }),
  },
  {
    name: '6',
    because: 'a holder without uplink has closed before its silence counts',
    text: 'silenceMs >= 2 * uplinkMs + closeMs',
    change: 'raise silenceMs or lower uplinkMs',
    sides: ({ silenceMs, uplinkMs, closeMs }) => ({ left: silenceMs, right: 2 * uplinkMs + closeMs }),
  },
];

const holds = ({ sides, strict }: Inequality, times: SlotTimes): boolean => {
  const { left, right } = sides(times);
  return strict ? left > right : left >= right;
};

const ms = (value: number): string => `${Number(value.toFixed(3))}`;

function complaint(inequality: Inequality, times: SlotTimes): string {
  const { name, text, because, change, sides } = inequality;
  const { left, right } = sides(times);
  return `inequality ${name} of the slot protocol does not hold: ${text}, but ${ms(left)} against ${ms(right)} ms (${because}); ${change}`;
}

/** Throws ConfigError SLUICE_CONFIG_INVALID that names every constant that is no time, or every inequality that is broken. */
export function checkTimes(times: SlotTimes): void {
  const unusable = Object.entries(times).filter(([, value]) => !Number.isFinite(value) || value < 0);
  const problems =
    unusable.length > 0
      ? unusable.map(([name, value]) => `${name} is ${value}; a number of at least 0 is needed`)
      : inequalities
          .filter((inequality) => !holds(inequality, times))
          .map((inequality) => complaint(inequality, times));
  if (problems.length > 0) throw new ConfigError('SLUICE_CONFIG_INVALID', { message: problems.join('; ') });
}
