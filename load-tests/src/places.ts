/** Where visits go and come from, as addresses; and whether anybody is there, before a load is sent. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { type Settings, SettingsError, type Target } from './settings.js';
import { type FailureKind } from './visits/failure.js';
import { askHttp } from './visits/http-visit.js';
import { askTcp } from './visits/tcp-visit.js';
import { visit, type Visit } from './visits/visit.js';

export interface Place {
  readonly target: Target;
  readonly address: string;
  /** Local addresses of the same family, taken in turn; empty: as the system chooses. */
  readonly sources: readonly string[];
}

/** Above the third retransmission of a SYN (1 s, 3 s), below what a person would wait. */
const patienceMs = 5000;

const exchanges = { http: askHttp, tcp: askTcp };

export const visitPlace = ({ target, address }: Place, from?: string): Promise<Visit> =>
  visit({ address, port: target.port, from, patienceMs }, exchanges[target.protocol]);

async function placeOf(target: Target, sources: readonly string[]): Promise<Place> {
  const { address, family } = await lookup(target.host).catch((cause: unknown) => {
    throw new SettingsError(
      `${target.name}: the name cannot be looked up (${(cause as Error).message}); correct it, or give an address`,
    );
  });
  return { target, address, sources: sources.filter((source) => isIP(source) === family) };
}

function requireOwn(sources: readonly string[]): void {
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address)),
  );
  const missing = sources.filter((source) => !own.has(source) && !source.startsWith('127.'));
  if (missing.length > 0)
    throw new SettingsError(
      `LOAD_SOURCES: ${missing.join(', ')}: not of this machine; add with "ip address add ADDRESS dev DEVICE", or leave out`,
    );
}

/** Throws SettingsError where a name is unknown or an address is not of this machine. */
export async function findPlaces({ targets, sources }: Settings): Promise<readonly Place[]> {
  requireOwn(sources);
  return Promise.all(targets.map((target) => placeOf(target, sources)));
}

const servers =
  'LOAD_HTTP and LOAD_AFFINITY want an HTTP server that answers its name on /hostname, LOAD_TCP one that says its name and closes; load-tests/deploy/targets.yaml has both';
const checkPath = 'check the address, the way there and back, and firewalls';
const advice: Readonly<Record<FailureKind, string>> = {
  refused: 'check the port, and that the Service has endpoints that are ready',
  reset: `the connection is made and then reset; ${servers}`,
  unreachable: checkPath,
  'connect timeout': checkPath,
  'answer timeout': `the connection is made, but nothing is said; ${servers}`,
  'cut off': `the connection is closed without an answer; ${servers}`,
  'bad answer': servers,
  generator: 'this machine has no port or no file left',
  other: checkPath,
};

/** Nobody is there. */
export class NobodyThere extends Error {
  override readonly name = 'NobodyThere';
}

export interface Tries {
  readonly most: number;
  readonly pauseMs: number;
}

/** A Service that was made a moment ago is not everywhere yet. */
const fewSeconds: Tries = { most: 3, pauseMs: 1000 };

/** Undefined: it answers. */
async function whyNot(place: Place, { most, pauseMs }: Tries): Promise<string | undefined> {
  for (let number = 1; ; number++) {
    const seen = await visitPlace(place, place.sources[0]);
    if (seen.ok) return undefined;
    const { kind, detail } = seen.failure;
    if (number >= most) return `${place.target.name}: ${kind} (${detail}); ${advice[kind]}`;
    await pause(pauseMs);
  }
}

/** A visit to each; throws NobodyThere with a line for each that fails again and again. */
export async function requireAnswers(places: readonly Place[], tries = fewSeconds): Promise<void> {
  const failures = await Promise.all(places.map((place) => whyNot(place, tries)));
  const lines = failures.filter((failure) => failure !== undefined);
  if (lines.length > 0) throw new NobodyThere(lines.join('\n'));
}
