/** The agent's settings: what all nodes share, and its own default port. */
import { nodeSettings, type NodeSettings } from '@sluice/node';
import { readEnvironment } from '@sluice/runtime';
import { z } from 'zod';

const agentSettings = nodeSettings.extend({
  SLUICE_STATUS_PORT: z.coerce.number().int().min(0).max(65_535).default(9810),
});

/** Throws ConfigError SLUICE_CONFIG_INVALID that lists every mistake. */
export const readSettings = (environment = process.env): NodeSettings =>
  readEnvironment(agentSettings, environment);
