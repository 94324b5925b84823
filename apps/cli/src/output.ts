/** The forms in which commands answer. */
import { Option } from 'commander';
import { stringify } from 'yaml';

export const outputs = ['table', 'wide', 'json', 'yaml'] as const;
export type Output = (typeof outputs)[number];

export const outputOption = (): Option =>
  new Option('-o, --output <format>', 'how it is printed').choices(outputs).default('table');

/** `report` for programs, or what `people` makes of it. */
export function render<T>(report: T, output: Output, people: (report: T, wide: boolean) => string): string {
  switch (output) {
    case 'json':
      return JSON.stringify(report, undefined, 2);
    case 'yaml':
      return stringify(report).trimEnd();
    case 'table':
    case 'wide':
      return people(report, output === 'wide');
  }
}
