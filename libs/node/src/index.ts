export { type CapMetrics, capMetrics } from './services/cap-metrics.js';
export { type CommitMetrics, commitMetrics } from './commit/metrics.js';
export { type NodeSettings, nodeSettings } from './settings.js';
export { NodeProcess, type NodeProcessOptions } from './node-process.js';
export { AgentReporter } from './report/agent-reporter.js';
export { ProxyHealth, type ProxyHealthOptions } from './services/proxy-health.js';
export { GatewayReporter } from './report/gateway-reporter.js';
export { type SlotMetrics, slotMetrics } from './slots/slot-metrics.js';
