/** The gateway: holds egress addresses and sends what comes through the tunnels out with them. */
import 'reflect-metadata';
import { createLogger, runNestProcess } from '@sluice/runtime';
import { Gateway } from './gateway.js';
import { readSettings } from './settings.js';

const settings = readSettings();
const logger = createLogger({ component: 'gateway', level: settings.SLUICE_LOG_LEVEL });

await runNestProcess({
  logger,
  port: settings.SLUICE_STATUS_PORT,
  create: (registry) => Gateway.create({ settings, logger, registry }),
});
