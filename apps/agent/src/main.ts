/** The agent: captures the traffic of a worker's Pods and tunnels it to the gateways. */
import 'reflect-metadata';
import { createLogger, runNestProcess } from '@sluice/runtime';
import { createAgent } from './agent.js';
import { readSettings } from './settings.js';

const settings = readSettings();
const logger = createLogger({ component: 'agent', level: settings.SLUICE_LOG_LEVEL });

await runNestProcess({
  logger,
  port: settings.SLUICE_STATUS_PORT,
  create: (registry) => createAgent({ settings, logger, registry }),
});
