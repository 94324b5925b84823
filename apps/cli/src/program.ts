/** The command line of sluicectl. */
import { Command, Option } from 'commander';
import { type ClusterOptions, installedVersion, readObjects, withCluster } from './cluster.js';
import { exitCodeHelp, exitCodes } from './exit-codes.js';
import { type Output, outputs, renderStatus } from './status/render.js';
import { statusReport } from './status/report.js';
import { version } from './version.js';

export type Print = (text: string) => void;

interface StatusOptions {
  readonly output: Output;
}

interface VersionOptions {
  readonly client?: boolean;
}

async function status(cluster: ClusterOptions, output: Output, print: Print): Promise<void> {
  const report = statusReport(await withCluster(cluster, readObjects));
  print(renderStatus(report, output));
  if (report.problems.length > 0) process.exitCode = exitCodes.problems;
}

async function versions(cluster: ClusterOptions, client: boolean, print: Print): Promise<void> {
  print(`sluicectl ${version}`);
  if (client) return;
  const installed = await withCluster(cluster, installedVersion);
  print(installed === undefined ? 'Sluice is not installed in this cluster' : `cluster   ${installed}`);
}

/** Throws CommanderError for a wrong command line, and the errors of `libs/kube`. */
export function sluicectl(print: Print): Command {
  const program = new Command('sluicectl')
    .description('Sluice: which addresses leave the cluster where, and what does not work.')
    .option('--kubeconfig <file>', 'instead of $KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'of the kubeconfig')
    .addHelpText('after', exitCodeHelp)
    .exitOverride();
  program
    .command('status')
    .description('gateways, pools and addresses; problems first')
    .addOption(new Option('-o, --output <format>').choices(outputs).default('table'))
    .action(async ({ output }: StatusOptions) => status(program.opts(), output, print));
  program
    .command('version')
    .description('of this program and of what is installed in the cluster')
    .option('--client', 'of this program alone')
    .action(async ({ client = false }: VersionOptions) => versions(program.opts(), client, print));
  return program;
}
