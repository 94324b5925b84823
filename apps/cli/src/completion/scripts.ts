/** What a shell runs to complete a command line: it asks the program itself, with the words up to the cursor. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Name of the command that the scripts call. */
export const completeCommand = '__complete';

const bash = (
  program: string,
): string => `# bash completion of ${program}: source <(${program} completion bash)
_${program}() {
  local value
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    [ -z "$value" ] || COMPREPLY+=("$value")
  done < <(${program} ${completeCommand} -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _${program} ${program}`;

const zsh = (program: string): string => `#compdef ${program}
# zsh completion of ${program}: source <(${program} completion zsh), or a file _${program} in $fpath
_${program}() {
  local line
  local -a found
  for line in "\${(@f)$(${program} ${completeCommand} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] || found+=("\${\${line//:/\\\\:}/$'\\t'/:}")
  done
  if (( \${#found} )); then _describe '${program}' found; else _files; fi
}
if [[ \${funcstack[1]} == _${program} ]]; then _${program} "$@"; else compdef _${program} ${program}; fi`;

const fish = (
  program: string,
): string => `# fish completion of ${program}: ${program} completion fish | source
function __${program}_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  ${program} ${completeCommand} -- $words[2..-1] "$current" 2>/dev/null
end
complete -c ${program} -f -a '(__${program}_complete)'`;

export function completionScript(shell: Shell, program: string): string {
  switch (shell) {
    case 'bash':
      return bash(program);
    case 'zsh':
      return zsh(program);
    case 'fish':
      return fish(program);
  }
}
