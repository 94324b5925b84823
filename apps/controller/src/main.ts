/** The controller: allocates addresses, plans slots, writes status and events. */
import 'reflect-metadata';
import { systemClock } from '@sluice/core';
import { KubeClient, loadClusterConfig } from '@sluice/kube';
import { createLogger, runNestProcess } from '@sluice/runtime';
import { Controller } from './controller.js';
import { readSettings } from './settings.js';

const settings = readSettings();
const logger = createLogger({ component: 'controller', level: settings.SLUICE_LOG_LEVEL });

await runNestProcess({
  logger,
  port: settings.SLUICE_STATUS_PORT,
  create: async (registry) => {
    const client = new KubeClient(await loadClusterConfig());
    return new Controller({ client, clock: systemClock, logger, registry, settings });
  },
});
