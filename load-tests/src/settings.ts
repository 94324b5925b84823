/** What a run is told by its environment. Everything is looked at before anything is sent, and all mistakes are told at once. */
import { isIP } from 'node:net';
import { type Scale } from './arrivals.js';

export type Protocol = 'http' | 'tcp';

export interface Target {
  /** For people: what was asked for, with its protocol. */
  readonly name: string;
  readonly protocol: Protocol;
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
  /** Its Service holds each client at one backend. */
  readonly affine: boolean;
}

/** Where churn finds what it changes. */
export interface ClusterSettings {
  readonly kubectl: string;
  readonly namespace: string;
  readonly deployment: string;
}

export interface Settings {
  readonly targets: readonly Target[];
  /** Local addresses that connections come from in turn; empty: as the system chooses. */
  readonly sources: readonly string[];
  readonly scale: Scale;
  /** Endpoints of each Service; absent: as many as were met. */
  readonly endpoints?: number;
  readonly cluster: ClusterSettings;
  /** Where reports are written. */
  readonly directory: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** All that is wrong with the environment, one line each. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

interface Wanted {
  readonly variable: string;
  readonly protocol: Protocol;
  readonly affine: boolean;
}

const targetVariables: readonly Wanted[] = [
  { variable: 'LOAD_HTTP', protocol: 'http', affine: false },
  { variable: 'LOAD_TCP', protocol: 'tcp', affine: false },
  { variable: 'LOAD_AFFINITY', protocol: 'http', affine: true },
];

const listOf = (text = ''): readonly string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

const hostAndPort = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^\s:[\]/]+)):(?<port>\d{1,5})$/;
const mostPort = 65_535;

/** Reads variables and collects what is wrong with them. */
class Reader {
  readonly mistakes: string[] = [];

  constructor(private readonly environment: Environment) {}

  text(variable: string, fallback: string): string {
    const text = this.environment[variable]?.trim() ?? '';
    return text === '' ? fallback : text;
  }

  targets({ variable, protocol, affine }: Wanted): readonly Target[] {
    return listOf(this.environment[variable]).flatMap((entry) => {
      const { v6, host = v6, port } = hostAndPort.exec(entry)?.groups ?? {};
      const number = Number(port);
      const wrong =
        host === undefined || number < 1 || number > mostPort || (v6 !== undefined && isIP(v6) !== 6);
      if (!wrong)
        return [{ name: `${affine ? 'affinity' : protocol} ${entry}`, protocol, host, port: number, affine }];
      this.mistakes.push(
        `${variable}: "${entry}" is not HOST:PORT; write 198.18.0.3:30080 or [2001:db8::3]:30080, several with commas between them`,
      );
      return [];
    });
  }

  sources(variable: string): readonly string[] {
    const entries = listOf(this.environment[variable]);
    for (const entry of entries)
      if (isIP(entry) === 0)
        this.mistakes.push(`${variable}: "${entry}" is no address; give addresses of this machine`);
    return entries;
  }

  /** Above 0. */
  factor(variable: string): number {
    const text = this.text(variable, '1');
    const value = Number(text);
    if (value > 0 && Number.isFinite(value)) return value;
    this.mistakes.push(`${variable}: "${text}" is no factor; give a number above 0, such as 0.5`);
    return 1;
  }

  count(variable: string): number | undefined {
    const text = this.text(variable, '');
    if (text === '') return undefined;
    if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
    this.mistakes.push(`${variable}: "${text}" is no number of endpoints; give a whole number, such as 4`);
    return undefined;
  }
}

const nothingToVisit =
  'LOAD_HTTP, LOAD_TCP: nothing to visit; give the node port or the LoadBalancer address of a Service in at least one of them, such as LOAD_HTTP=198.18.0.3:30080 (load-tests/README.md)';

/** Throws SettingsError. */
export function settingsFrom(environment: Environment): Settings {
  const reader = new Reader(environment);
  const targets = targetVariables.flatMap((wanted) => reader.targets(wanted));
  const sources = reader.sources('LOAD_SOURCES');
  const scale = { rate: reader.factor('LOAD_RATE'), time: reader.factor('LOAD_TIME') };
  const endpoints = reader.count('LOAD_ENDPOINTS');
  if (targets.length === 0 && reader.mistakes.length === 0) reader.mistakes.push(nothingToVisit);
  if (reader.mistakes.length > 0) throw new SettingsError(reader.mistakes.join('\n'));
  return {
    targets,
    sources,
    scale,
    ...(endpoints === undefined ? {} : { endpoints }),
    cluster: {
      kubectl: reader.text('LOAD_KUBECTL', 'kubectl'),
      namespace: reader.text('LOAD_NAMESPACE', 'sluice-load'),
      deployment: reader.text('LOAD_DEPLOYMENT', 'backend'),
    },
    directory: reader.text('LOAD_RESULTS', 'load-results'),
  };
}
