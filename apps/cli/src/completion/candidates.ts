/** What may stand at the cursor, from commander's own tree of commands. */
import { type Command, type Option } from 'commander';

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What the words before the cursor mean. */
export interface Place {
  readonly command: Command;
  /** The option whose value is at the cursor. */
  readonly option: Option | undefined;
  /** How many arguments of the command are complete. */
  readonly given: number;
  /** Values of options, by their long names without dashes. */
  readonly values: Readonly<Record<string, string>>;
}

const named = (option: Option, word: string): boolean => option.long === word || option.short === word;

const optionsOf = (program: Command, command: Command): readonly Option[] =>
  [...command.options, ...(command === program ? [] : program.options)].filter(({ hidden }) => !hidden);

export function placeOf(program: Command, words: readonly string[]): Place {
  let command = program;
  let option: Option | undefined;
  let given = 0;
  const values: Record<string, string> = {};
  for (const word of words) {
    if (option !== undefined) {
      values[option.name()] = word;
      option = undefined;
    } else if (word.startsWith('-')) {
      const [name = '', value] = word.split('=', 2);
      const found = optionsOf(program, command).find((candidate) => named(candidate, name));
      if (found?.required === true && value === undefined) option = found;
      else if (found !== undefined && value !== undefined) values[found.name()] = value;
    } else {
      const next = command.commands.find((candidate) => candidate.name() === word);
      if (next === undefined) given++;
      else command = next;
    }
  }
  return { command, option, given, values };
}

/** `argument` gives the candidates for an argument of a command by the argument's name. */
export async function candidates(
  program: Command,
  words: readonly string[],
  argument: (name: string, values: Place['values']) => Promise<readonly string[]>,
): Promise<readonly Candidate[]> {
  // Bash takes "--output=json" apart at the sign.
  const typed = words.filter((word, at) => word !== '=' || at === words.length - 1);
  const last = typed.at(-1) ?? '';
  const current = last === '=' ? '' : last;
  const place = placeOf(program, typed.slice(0, -1));
  const all = await candidatesAt(program, place, { current, argument });
  return all.filter(({ value }) => value.startsWith(current));
}

interface Wanted {
  readonly current: string;
  readonly argument: (name: string, values: Place['values']) => Promise<readonly string[]>;
}

async function candidatesAt(program: Command, place: Place, wanted: Wanted): Promise<readonly Candidate[]> {
  const { command, option, given, values } = place;
  if (option !== undefined) return plain(option.argChoices ?? []);
  if (wanted.current.startsWith('-')) {
    return optionsOf(program, command).map(({ long, short, description }) => {
      return { value: long ?? short ?? '', description };
    });
  }
  const help = command.createHelp();
  const below = help.visibleCommands(command);
  if (below.length > 0 && given === 0) {
    return below.map((next) => ({ value: next.name(), description: next.description() }));
  }
  const expected = command.registeredArguments[given];
  if (expected === undefined) return [];
  return plain(expected.argChoices ?? (await wanted.argument(expected.name(), values)));
}

const plain = (values: readonly string[]): readonly Candidate[] =>
  values.map((value) => ({ value, description: '' }));

/** A line for each, the description behind a tab: what fish and kubectl read, and what the scripts take apart. */
export const candidateLines = (all: readonly Candidate[]): string =>
  all.map(({ value, description }) => (description === '' ? value : `${value}\t${description}`)).join('\n');
