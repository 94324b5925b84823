/** The reference of `sluicectl`: its own help, and how to install it. */
import { exitCodeHelp } from '../../../apps/cli/src/exit-codes.js';
import { sluicectl } from '../../../apps/cli/src/program.js';

const helpWidth = 100;

export function renderCli(): string {
  const program = sluicectl(() => undefined);
  const help = program.createHelp();
  const commands = help.visibleCommands(program).filter((command) => command.name() !== 'help');
  const sections = commands.map((command) => {
    command.configureHelp({ helpWidth });
    return `## ${command.name()}\n\n\`\`\`\n${command.helpInformation().trimEnd()}\n\`\`\`\n`;
  });
  program.configureHelp({ helpWidth });
  return `# sluicectl

Generated from the program's own help. \`make install-cli\` puts it into \`PREFIX/bin\` (\`/usr/local\` unless told), also as the kubectl
plugin \`kubectl sluice\`. It needs Node.js 24, and of the cluster what it shows: to read pools, gateways, addresses, namespaces and events, and for
\`drain\` to patch EgressGateways.

\`\`\`
${program.helpInformation().trimEnd()}
${exitCodeHelp}
\`\`\`

${sections.join('\n')}
## Completion

\`\`\`console
$ source <(sluicectl completion bash)                                            # in ~/.bashrc
$ source <(sluicectl completion zsh)                                             # in ~/.zshrc, behind compinit
$ sluicectl completion fish > ~/.config/fish/completions/sluicectl.fish
\`\`\`

\`kubectl sluice\` is completed by kubectl itself (1.26 or newer), which asks the program \`kubectl_complete-sluice\`.
`;
}
