/** Settings of a process come from its environment and are checked once, at the start. */
import { ConfigError } from '@sluice/core';
import { prettifyError, type z } from 'zod';

/**
 * Reads the variables that `schema` names. Empty ones count as absent, because a ConfigMap cannot leave a key out.
 * Throws ConfigError SLUICE_CONFIG_INVALID that lists every mistake.
 */
export function readEnvironment<T extends z.ZodType>(
  schema: T,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): z.output<T> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ConfigError('SLUICE_CONFIG_INVALID', {
    message: `the environment is not valid:\n${prettifyError(parsed.error)}`,
  });
}
