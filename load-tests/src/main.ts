/** `load PROFILE…`: runs profiles, prints their reports, writes them as Markdown and JSON. */
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ClusterError } from './churn/cluster.js';
import { NobodyThere } from './places.js';
import { type Profile, profileOf, profiles } from './profiles.js';
import { renderReport } from './report.js';
import { type Result } from './result.js';
import { runProfile } from './run-profile.js';
import { type Settings, SettingsError, settingsFrom } from './settings.js';
import { hasPassed, judge, type Verdict } from './thresholds.js';

const usage = `Usage: load PROFILE…

Profiles:
${profiles.map(({ name, about }) => `  ${name.padEnd(12)}${about}`).join('\n')}

Environment:
  LOAD_HTTP        HOST:PORT of HTTP Services, several with commas between them
  LOAD_TCP         HOST:PORT of TCP Services
  LOAD_AFFINITY    HOST:PORT of HTTP Services with sessionAffinity: ClientIP
  LOAD_ENDPOINTS   endpoints of each Service
  LOAD_SOURCES     addresses of this machine that connections come from in turn
  LOAD_RATE        times as many connections, such as 0.5
  LOAD_TIME        times as long
  LOAD_RESULTS     where reports are written: load-results
  churn only: KUBECONFIG, LOAD_KUBECTL, LOAD_NAMESPACE (sluice-load), LOAD_DEPLOYMENT (backend)

Exit status: 0 all thresholds are met, 1 one is broken, 2 nothing could be measured.`;

const told = (line: string): void => console.error(`load: ${line}`);

/** Before a load: an hour of soak should not end with a directory that cannot be written. */
function requireDirectory({ directory }: Settings): void {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
  } catch (cause) {
    throw new SettingsError(
      `LOAD_RESULTS: reports cannot be written to ${directory} (${(cause as Error).message}); name another directory`,
      { cause },
    );
  }
}

/** Returns the path of the report. */
function write({ directory }: Settings, result: Result, verdicts: readonly Verdict[]): string {
  const path = join(directory, result.profile);
  const json = { ...result, passed: hasPassed(verdicts), verdicts };
  writeFileSync(`${path}.json`, `${JSON.stringify(json, undefined, 2)}\n`);
  writeFileSync(`${path}.md`, renderReport(result, verdicts));
  return `${path}.md`;
}

/** True: every threshold is met. */
async function run(profile: Profile, settings: Settings, signal: AbortSignal): Promise<boolean> {
  const result = await runProfile(profile, settings, { signal, told });
  const verdicts = judge(result, profile.limits);
  console.log(renderReport(result, verdicts));
  told(`wrote ${write(settings, result, verdicts)}`);
  return hasPassed(verdicts);
}

/** The first signal ends the load in order, the next one ends the process. */
function untilSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true || positionals.length === 0) {
    console.log(usage);
    return values.help === true ? 0 : 2;
  }
  const wanted = positionals.map(profileOf);
  const settings = settingsFrom(process.env);
  requireDirectory(settings);
  const signal = untilSignal();
  let passed = true;
  for (const profile of wanted)
    if (!signal.aborted) passed = (await run(profile, settings, signal)) && passed;
  return passed ? 0 : 1;
}

/** What a user can correct needs no stack; the last one is of parseArgs. */
const isPlain = (error: unknown): error is Error =>
  [SettingsError, NobodyThere, ClusterError].some((kind) => error instanceof kind) ||
  (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));

try {
  process.exitCode = await main();
} catch (error) {
  console.error(isPlain(error) ? error.message : error);
  process.exitCode = 2;
}
