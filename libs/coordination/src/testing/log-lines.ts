/** A logger of a spec: what was said at `warn` and above, in order. */
import { type Logger, silentLogger } from '@sluice/core';

export interface LogLines {
  readonly logger: Logger;
  readonly lines: readonly string[];
}

export function logLines(): LogLines {
  const lines: string[] = [];
  const say = (_: object, message: string): void => {
    lines.push(message);
  };
  return { logger: { ...silentLogger, warn: say, error: say }, lines };
}
