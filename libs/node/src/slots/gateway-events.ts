/** Events on EgressGateways, by name: whoever looks at the gateway sees what became of its slots. */
import { describeError, type Logger } from '@sluice/core';
import { egressGateways, type EventRecorder, isNotFound, type KubeClient, type Reason } from '@sluice/kube';

export interface GatewayEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: Reason;
  readonly message: string;
}

export class GatewayEvents {
  constructor(
    private readonly client: Pick<KubeClient, 'get'>,
    private readonly recorder: Pick<EventRecorder, 'record'>,
    private readonly logger: Logger,
  ) {}

  /** Returns at once; a gateway that does not exist any more hears nothing. */
  tell(name: string, event: GatewayEvent): void {
    this.write(name, event).catch((error: unknown) => {
      if (isNotFound(error)) return;
      this.logger.warn({ gateway: name, reason: event.reason, error: describeError(error) }, 'no event');
    });
  }

  private async write(name: string, event: GatewayEvent): Promise<void> {
    const { metadata } = await this.client.get(egressGateways, { name });
    this.recorder.record({ regarding: { kind: 'EgressGateway', name, uid: metadata.uid ?? name }, ...event });
  }
}
