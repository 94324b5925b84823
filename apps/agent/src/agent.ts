/** Binds the agent's role to the process that all nodes share. */
import { type Logger, systemClock } from '@sluice/core';
import { AgentReporter, NodeProcess, type NodeSettings } from '@sluice/node';
import { type HostedProcess } from '@sluice/runtime';
import { type Registry } from 'prom-client';

export interface AgentOptions {
  readonly settings: NodeSettings;
  readonly logger: Logger;
  readonly registry: Registry;
}

export const createAgent = ({ settings, logger, registry }: AgentOptions): Promise<HostedProcess> =>
  NodeProcess.create({
    settings,
    roles: { agent: true, gateway: false },
    component: 'sluice-agent',
    clock: systemClock,
    logger,
    registry,
    reporter: (client, events) => new AgentReporter({ client, nodeName: settings.SLUICE_NODE_NAME, events }),
  });
