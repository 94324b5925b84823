export { type NodeSettings, nodeSettings } from './settings.js';
export { NodeProcess, type NodeProcessOptions } from './node-process.js';
export { AgentReporter } from './report/agent-reporter.js';
export { GatewayReporter } from './report/gateway-reporter.js';
