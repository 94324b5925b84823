/** The command line of sluicectl. */
import { systemClock } from '@sluice/core';
import { Argument, Command, Option } from 'commander';
import {
  type ClusterOptions,
  gatewayEvents,
  gatewayNames,
  installedVersion,
  readObjects,
  withCluster,
} from './cluster.js';
import { candidateLines, candidates } from './completion/candidates.js';
import { completeCommand, completionScript, type Shell, shells } from './completion/scripts.js';
import { drain, type DrainOptions, undrain } from './drain/drain.js';
import { parseCount, parseDuration } from './parse.js';
import { exitCodeHelp, exitCodes } from './exit-codes.js';
import { latestMoves } from './moves/moves.js';
import { renderMoves } from './moves/render.js';
import { type Output, outputOption, render } from './output.js';
import { renderStatus } from './status/render.js';
import { statusReport } from './status/report.js';
import { version } from './version.js';

export type Print = (text: string) => void;

const minutes = 60_000;

/** Throws CommanderError for a wrong command line, ConfigError, and the errors of `libs/kube`. */
export function sluicectl(print: Print, name = 'sluicectl'): Command {
  const program = new Command(name)
    .description('Sluice: which addresses leave the cluster where, and what does not work.')
    .option('--kubeconfig <file>', 'instead of $KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'of the kubeconfig')
    .addHelpText('after', exitCodeHelp)
    .exitOverride();
  addStatus(program, print);
  addDrain(program, print);
  addUndrain(program, print);
  addMoves(program, print);
  addVersion(program, print);
  addCompletion(program, print);
  return program;
}

function addStatus(program: Command, print: Print): void {
  program
    .command('status')
    .description('gateways, pools, slots and addresses; problems first')
    .addOption(outputOption())
    .action(async ({ output }: { readonly output: Output }) => {
      const report = statusReport(await withCluster(program.opts<ClusterOptions>(), readObjects));
      print(render(report, output, renderStatus));
      if (report.problems.length > 0) process.exitCode = exitCodes.problems;
    });
}

interface WaitOptions {
  readonly wait?: boolean;
  readonly waitConnections?: boolean;
  readonly timeout?: number;
  readonly force?: boolean;
}

const timeoutOption = (standard: string): Option =>
  new Option(
    '--timeout <time>',
    `how long --wait waits, such as 90s or 1h30m (default: ${standard})`,
  ).argParser(parseDuration);

function waitOf({ wait, waitConnections }: WaitOptions): DrainOptions['wait'] {
  if (waitConnections === true) return 'connections';
  return wait === true ? 'slots' : 'no';
}

function addDrain(program: Command, print: Print): void {
  program
    .command('drain')
    .description('give all slots of a gateway to the others by planned moves, which lose no packet')
    .argument('<gateway>', 'name of the EgressGateway, which is that of its node')
    .option('--wait', 'until it holds no slots: new connections go elsewhere')
    .option('--wait-connections', 'also until its older connections have ended, five minutes at most')
    .addOption(timeoutOption('5m, with --wait-connections 10m'))
    .option('--force', 'also where no other gateway could take its slots')
    .action(async (gateway: string, options: WaitOptions) => {
      const wait = waitOf(options);
      const timeoutMs = options.timeout ?? (wait === 'connections' ? 10 : 5) * minutes;
      const force = options.force === true;
      await withCluster(program.opts<ClusterOptions>(), (client) =>
        drain(gateway, { wait, timeoutMs, force }, { client, clock: systemClock, print }),
      );
    });
}

function addUndrain(program: Command, print: Print): void {
  program
    .command('undrain')
    .description('let a gateway take slots again')
    .argument('<gateway>', 'name of the EgressGateway, which is that of its node')
    .option('--wait', 'until it works and holds the slots that it should have')
    .addOption(timeoutOption('5m'))
    .action(async (gateway: string, { wait = false, timeout = 5 * minutes }: WaitOptions) => {
      await withCluster(program.opts<ClusterOptions>(), (client) =>
        undrain(gateway, { wait, timeoutMs: timeout }, { client, clock: systemClock, print }),
      );
    });
}

interface MovesOptions {
  readonly output: Output;
  readonly number: number;
  readonly gateway?: string;
}

function addMoves(program: Command, print: Print): void {
  program
    .command('moves')
    .description('which slots moved lately: when, from where to where, why, and how long it took')
    .addOption(outputOption())
    .addOption(new Option('-n, --number <count>', 'of the latest moves').argParser(parseCount).default(20))
    .option('--gateway <name>', 'only moves from or to it')
    .action(async ({ output, number: most, gateway }: MovesOptions) => {
      const all = await withCluster(program.opts<ClusterOptions>(), gatewayEvents);
      print(render(latestMoves(all, { gateway, most }), output, renderMoves));
    });
}

function addVersion(program: Command, print: Print): void {
  program
    .command('version')
    .description('of this program and of what is installed in the cluster')
    .option('--client', 'of this program alone')
    .action(async ({ client = false }: { readonly client?: boolean }) => {
      print(`sluicectl ${version}`);
      if (client) return;
      const installed = await withCluster(program.opts<ClusterOptions>(), installedVersion);
      print(installed === undefined ? 'Sluice is not installed in this cluster' : `cluster   ${installed}`);
    });
}

function addCompletion(program: Command, print: Print): void {
  program
    .command('completion')
    .description('the script that completes commands, options and names of gateways in a shell')
    .addArgument(new Argument('<shell>', 'whose script').choices(shells))
    .action((shell: Shell) => print(completionScript(shell, 'sluicectl')));
  program
    .command(completeCommand, { hidden: true })
    .argument('[words...]')
    .action(async (words: readonly string[]) => {
      const found = await candidates(program, words, (argument, values) => {
        return argument === 'gateway' ? gatewayNames(values) : Promise.resolve([]);
      });
      if (found.length > 0) print(candidateLines(found));
    });
}
