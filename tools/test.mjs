// `make test`: every check that a change must pass, in the order from fast to slow, with one sum at the end.
//   node tools/test.mjs [--only STAGE[,STAGE]]     stages: format types lint build generated lab unit simulate kernel e2e lab-down
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
import { stripVTControlCharacters } from 'node:util';

const scratch = mkdtempSync(join(tmpdir(), 'sluice-test-'));
const jest = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  '--experimental-vm-modules',
  'node_modules/jest/bin/jest.js',
];

/** No stage takes half as long on a machine that does its work: what hangs ends here, and the others still run. */
const deadlineMs = 40 * 60_000;
/** A run that has written its report and still does not end has left something open. */
const lingerMs = 60_000;

/** Runs a command with its output on ours; resolves to its exit code. One that hangs is ended, and says so. */
function run(command, args, { done = () => false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    const started = performance.now();
    let doneAt;
    const watch = setInterval(() => {
      const now = performance.now();
      if (done()) doneAt ??= now;
      const lingers = doneAt !== undefined && now - doneAt > lingerMs;
      if (!lingers && now - started < deadlineMs) return;
      console.error(
        `${command} ${args.join(' ')}: ${lingers ? 'left something open' : 'hangs'}, and is ended`,
      );
      child.kill('SIGKILL');
      clearInterval(watch);
    }, 1000);
    child.on('close', () => clearInterval(watch));
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(127);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

const check =
  (command, ...args) =>
  async () => {
    const code = await run(command, args);
    return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 };
  };

const npm = (script, ...args) => ['npm', 'run', '--silent', script, '--', ...args];

const lab = (verb) => check(...npm('lab', verb));

/** One after the other until one fails; the result is that of the last one. */
const inTurn =
  (...steps) =>
  async () => {
    let result = { passed: 0, failed: 0 };
    for (const step of steps) {
      result = await step();
      if (result.failed > 0) break;
    }
    return result;
  };

/** A jest run counts its tests; a run that ends without a report is one failure. */
const jestRun =
  (name, command, ...args) =>
  async () => {
    const report = join(scratch, `${name}.json`);
    const code = await run(command, [...args, '--json', `--outputFile=${report}`], {
      done: () => existsSync(report),
    });
    try {
      const {
        numPassedTests: passed,
        numFailedTests,
        numRuntimeErrorTestSuites,
        numPendingTests,
        testResults,
      } = JSON.parse(readFileSync(report, 'utf8'));
      const failed = numFailedTests + numRuntimeErrorTestSuites + numPendingTests;
      const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
      for (const { status, fullName, failureMessages } of tests)
        if (status === 'failed')
          failures.push(`failed: ${name}: ${fullName}\n    ${firstLines(failureMessages)}`);
      return { passed, failed: failed === 0 && code !== 0 ? 1 : failed };
    } catch (error) {
      console.error(`${name}: no report: ${error.message}`);
      return { passed: 0, failed: 1 };
    }
  };

/** Which tests failed, and why: their own output is far above the sum. */
const failures = [];

const firstLines = (messages) =>
  stripVTControlCharacters(messages.join('\n')).split('\n').slice(0, 48).join('\n    ');

const stages = {
  format: check('npx', 'prettier', '--check', '--log-level', 'warn', '.'),
  types: check('npx', 'tsc', '--noEmit', '-p', '.'),
  lint: check('npx', 'eslint', '--cache', '--cache-location', 'node_modules/.cache/eslint', '.'),
  build: check('npm', 'run', '--silent', 'build'),
  generated: check('npm', 'run', '--silent', 'generate:check'),
  // Before the specs: it installs what they need of the machine, such as Open vSwitch and an API server.
  // Not the one that a run which was broken off may have left: its namespaces hold addresses that the tests ask for.
  // And it goes again: an idle one takes a third of a core from what has no use for it.
  lab: inTurn(lab('down'), lab('up'), lab('down')),
  unit: jestRun('unit', ...jest),
  // As many schedules of faults as two minutes hold; it prints how many.
  simulate: check(process.execPath, 'dist/libs/coordination/src/simulation/main.js', '--seconds', '120'),
  // In a kernel of its own, which the first run builds.
  kernel: jestRun('kernel', ...npm('test:kernel')),
  e2e: inTurn(lab('up'), jestRun('e2e', ...jest, '--config', 'test/e2e/jest.config.mjs', '--runInBand')),
  'lab-down': jestRun('lab-down', ...jest, '--config', 'test/lab-down/jest.config.mjs', '--runInBand'),
};

const only = process.argv[2] === '--only' ? (process.argv[3] ?? '').split(',') : Object.keys(stages);
const unknown = only.filter((name) => !(name in stages));
if (unknown.length > 0) {
  console.error(`unknown stage ${unknown.join(', ')}; stages are ${Object.keys(stages).join(', ')}`);
  process.exit(2);
}

const results = [];
for (const name of only) {
  console.log(`\n── ${name}`);
  const started = performance.now();
  const result = await stages[name]();
  results.push({ name, seconds: Math.round((performance.now() - started) / 1000), ...result });
}
rmSync(scratch, { recursive: true, force: true });

console.log('');
console.table(results);
for (const failure of failures) console.log(failure);
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exit(sum('failed') === 0 ? 0 : 1);
