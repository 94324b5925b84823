/** The profiles as data: how many new connections a second and for how long, and what must hold. */
import { hold, ramp, type Stage } from './arrivals.js';
import { SettingsError } from './settings.js';

export interface Limits {
  /** Most visits that may fail, of 1. */
  readonly failedShare: number;
  /** 99 of 100 connections are made within it. */
  readonly connectP99Ms: number;
}

/** steady: nothing else changes. churn: endpoints and gateways do. breakpoint: the rate grows until a limit is broken. */
export type ProfileKind = 'steady' | 'churn' | 'breakpoint';

export interface Profile {
  readonly name: string;
  readonly about: string;
  readonly kind: ProfileKind;
  readonly stages: readonly Stage[];
  readonly limits: Limits;
  /** Results are also kept for each of these parts of the time. */
  readonly windowSeconds: number;
}

/**
 * A lost SYN costs a second (RFC 6298: the first retransmission), so below a second this is broken when one of a hundred
 * connections lost one, and does not measure how busy the machine is.
 */
const connectP99Ms = 500;
const none: Limits = { failedShare: 0, connectP99Ms };
const some: Limits = { failedShare: 0.001, connectP99Ms };

const secondsOfStair = 60;
const stairs = [100, 200, 300, 400].flatMap((rate, at) => [
  ramp(at * 100, rate, 5),
  hold(rate, secondsOfStair),
]);

export const profiles: readonly Profile[] = [
  {
    name: 'smoke',
    about: 'does it work at all',
    kind: 'steady',
    stages: [hold(20, 30)],
    limits: none,
    windowSeconds: 5,
  },
  {
    name: 'average',
    about: 'an ordinary day',
    kind: 'steady',
    stages: [ramp(0, 100, 10), hold(100, 120)],
    limits: none,
    windowSeconds: 5,
  },
  {
    name: 'stress',
    about: 'stairs up to four times as much',
    kind: 'steady',
    stages: [...stairs, ramp(400, 0, 10)],
    limits: some,
    windowSeconds: 5,
  },
  {
    name: 'spike',
    about: 'ten times as many at once, and back',
    kind: 'steady',
    stages: [hold(50, 30), hold(500, 20), hold(50, 60)],
    limits: some,
    windowSeconds: 5,
  },
  {
    name: 'soak',
    about: 'an hour, for what grows slowly',
    kind: 'steady',
    stages: [hold(50, 3600)],
    limits: { failedShare: 0.0001, connectP99Ms },
    windowSeconds: 60,
  },
  {
    name: 'breakpoint',
    about: 'more and more, until a limit is broken',
    kind: 'breakpoint',
    stages: [hold(50, 10), ramp(50, 2000, 600)],
    limits: { failedShare: 0.01, connectP99Ms },
    windowSeconds: 5,
  },
  {
    name: 'churn',
    about: 'endpoints and gateways change under load',
    kind: 'churn',
    stages: [hold(100, 180)],
    limits: some,
    windowSeconds: 5,
  },
];

/** Connections under way at one time; arrivals beyond are not started, and fail the run. */
export const mostUnderWay = 4000;

/** Throws SettingsError that lists the names that there are. */
export function profileOf(name: string): Profile {
  const found = profiles.find((profile) => profile.name === name);
  if (found !== undefined) return found;
  throw new SettingsError(
    `there is no profile "${name}"; there are ${profiles.map((profile) => profile.name).join(', ')}`,
  );
}
