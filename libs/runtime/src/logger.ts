/** The logging port on pino: JSON lines for machines, readable ones when a terminal reads them. */
import { type Logger, type LogFields } from '@sluice/core';
import { pino, type Logger as PinoLogger } from 'pino';

export interface LoggerOptions {
  /** Name of the process, in every line. */
  readonly component: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** True: pino-pretty; the default asks whether standard output is a terminal. */
  readonly pretty?: boolean;
}

export function createLogger({ component, level, pretty = process.stdout.isTTY }: LoggerOptions): Logger {
  const base = { component };
  const options = { level, base, timestamp: pino.stdTimeFunctions.isoTime };
  return adapt(pretty ? pino({ ...options, transport: { target: 'pino-pretty' } }) : pino(options));
}

function adapt(logger: PinoLogger): Logger {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    ({ error, ...fields }: LogFields, message: string): void =>
      logger[level](error === undefined ? fields : { ...fields, err: error }, message);
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => adapt(logger.child(fields)),
  };
}
