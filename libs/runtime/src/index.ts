export { collectBesideWork, FirstCollection } from './first-collection.js';
export { readEnvironment } from './environment.js';
export { createLogger, type LoggerOptions } from './logger.js';
export { runNestProcess, type HostedProcess, type NestProcessOptions } from './nest-process.js';
export {
  startStatusServer,
  type Probe,
  type StatusPages,
  type StatusServer,
  type StatusServerOptions,
} from './status-server.js';
