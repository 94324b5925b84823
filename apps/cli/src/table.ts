/** Columns as wide as they must be, as kubectl prints them. Pure. */
export type Cells = readonly string[];

export function table(title: Cells, rows: readonly Cells[]): string {
  const lines = [title, ...rows];
  const widths = title.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

/** A table below its name; nothing where there are no rows. */
export const section = (name: string, title: Cells, rows: readonly Cells[]): readonly string[] =>
  rows.length === 0 ? [] : [`${name}\n${table(title, rows)}`];
