/** What a suite is to the harness. */
import { type Measurement, type Row } from './row.js';

export interface SuiteContext {
  /** A running lab to measure on; absent: the suite brings one up for itself and takes it down. */
  readonly lab: string | undefined;
  /** Only rows that this names: a part of their ids, in suites of scenarios their ids with commas between them. */
  readonly only: string | undefined;
  /** One line about what happens now. */
  readonly progress: (text: string) => void;
}

export interface Suite {
  readonly name: string;
  readonly description: string;
  /** Versions of what is measured, beside Sluice's and Node's. */
  readonly versions: () => Promise<Readonly<Record<string, string>>>;
  /** Rows come as they are measured. */
  readonly run: (context: SuiteContext) => AsyncIterable<Measurement>;
  /** Rows about all rows of the results, also those of earlier runs that are kept. */
  readonly summary?: (rows: readonly Row[]) => Iterable<Measurement>;
}
