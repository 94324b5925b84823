/** The lab's command line. */
import { spawnSync } from 'node:child_process';
import { Command, InvalidArgumentError, Option } from 'commander';
import { hasFailed, renderConformance, runConformance } from './conformance.js';
import { demonstrate } from './demo.js';
import { takeDown } from './down.js';
import { commandOn, fail, type Fault, faults, heal, type Manner, nodeOf } from './faults.js';
import { installSluice } from './install.js';
import { locked } from './lock.js';
import { type Families, type LabSize } from './plan.js';
import { terminalProgress } from './progress.js';
import { existingLab, lockFile } from './state.js';
import { labStatus, renderStatus } from './status.js';
import { ensureKernel } from './uml/kernel.js';
import { runInUml } from './uml/run.js';
import { bringClusterUp, resolveSize } from './up.js';

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a whole number is needed');
  return Number(text);
}

interface NameOption {
  readonly name: string;
}

interface UpOptions extends NameOption {
  readonly workers?: number;
  readonly gateways?: number;
  readonly families?: Families;
  readonly sluice: boolean;
}

const program = new Command('lab')
  .description('A real Kubernetes cluster on one machine, with Sluice in it.')
  .enablePositionalOptions();
const command = (text: string): Command => program.command(text).option('--name <name>', 'which lab', 'lab');

command('up')
  .description('bring the lab up, or check and repair a running one')
  .option('--workers <n>', 'worker nodes', wholeNumber)
  .option('--gateways <n>', 'gateway nodes', wholeNumber)
  .option('--no-sluice', 'the cluster alone')
  .addOption(new Option('--families <families>', 'address families').choices(['dual', 'ipv4', 'ipv6']))
  .action(async ({ name, sluice, ...asked }: UpOptions) => {
    await locked(lockFile(name), async () => {
      const size: LabSize = resolveSize(name, asked);
      const { plan, changedImages } = await bringClusterUp(size, terminalProgress);
      if (sluice) await installSluice(plan, changedImages, terminalProgress);
    });
  });

command('demo')
  .description('annotate a namespace and show its address outside, before and after')
  .action(async ({ name }: NameOption) => demonstrate(existingLab(name), terminalProgress));

command('status')
  .description('what runs, and how to reach it')
  .option('--json', 'one JSON object')
  .action(({ name, json }: NameOption & { readonly json?: boolean }) => {
    const status = labStatus(existingLab(name));
    console.log(json === true ? JSON.stringify(status) : renderStatus(status));
  });

interface FailOptions extends NameOption {
  readonly how: Fault;
  readonly hold?: boolean;
  readonly freeze?: boolean;
}

const mannerOf = ({ hold, freeze }: FailOptions): Manner => {
  if (hold === true) return 'hold';
  return freeze === true ? 'freeze' : 'die';
};

command('fail [node]')
  .description('break something, until "lab heal"')
  .addOption(new Option('--how <fault>', 'what breaks').choices(faults).makeOptionMandatory())
  .addOption(new Option('--hold', 'process, ovs: keep it dead').conflicts('freeze'))
  .option('--freeze', 'process, ovs, node, redis, api: stop it with its sockets open instead of killing it')
  .action(async (node: string | undefined, options: FailOptions) => {
    const plan = existingLab(options.name);
    await fail(plan, options.how, node === undefined ? undefined : nodeOf(plan, node), mannerOf(options));
  });

command('heal [node]')
  .description('put back what "lab fail" broke, on one node or everywhere')
  .action(async (node: string | undefined, { name }: NameOption) => {
    const plan = existingLab(name);
    await locked(lockFile(name), () =>
      terminalProgress.step('healed', () => heal(plan, node === undefined ? undefined : nodeOf(plan, node))),
    );
  });

command('conformance')
  .description("run Kubernetes' own tests of load balancers against a running lab")
  .option('--only <text>', 'those with this text in their name', '')
  .action(async ({ name, only }: NameOption & { readonly only: string }) => {
    const results = await runConformance(existingLab(name), terminalProgress, only);
    console.log(renderConformance(results));
    process.exitCode = results.length > 0 && !results.some(hasFailed) ? 0 : 1;
  });

command('exec <host> <command...>')
  .description('run a command on a node, with its network and files, or on an outside host')
  .action((host: string, words: readonly string[], { name }: NameOption) => {
    const [program = '', ...args] = commandOn(existingLab(name), host, words);
    process.exitCode = spawnSync(program, args, { stdio: 'inherit' }).status ?? 1;
  });

command('down')
  .description('remove everything that the lab made')
  .action(async ({ name }: NameOption) => {
    await locked(lockFile(name), () => terminalProgress.step(`lab "${name}" is gone`, () => takeDown(name)));
  });

program
  .command('uml')
  .description("run a command in a kernel that has all of Open vSwitch, on this machine's files")
  .argument('<command...>')
  .option('--limit <seconds>', 'until the kernel is killed', wholeNumber, 1200)
  .passThroughOptions()
  .action(async (words: readonly string[], { limit }: { readonly limit: number }) => {
    const kernel = await ensureKernel(terminalProgress);
    process.exitCode = await runInUml({ kernel, command: words, limitMs: limit * 1000 });
  });

await program.parseAsync();
