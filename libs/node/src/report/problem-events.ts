/** One event for every change of a node's problem: it began, it became another one, it is over. */
import { type EventRecorder } from '@sluice/kube';
import { type Problem } from './problem.js';

export interface Regarding {
  readonly kind: 'Node' | 'EgressGateway';
  readonly name: string;
  readonly uid: string;
}

export class ProblemEvents {
  private last: Problem | undefined;

  constructor(private readonly recorder: Pick<EventRecorder, 'record'>) {}

  tell(regarding: Regarding, problem: Problem | undefined): void {
    const { last } = this;
    if (problem?.reason === last?.reason && problem?.message === last?.message) return;
    this.last = problem;
    if (problem !== undefined) {
      this.recorder.record({ regarding, type: 'Warning', reason: problem.reason, message: problem.message });
    } else if (last !== undefined) {
      const message = `The node works again; it had ${last.reason}.`;
      this.recorder.record({ regarding, type: 'Normal', reason: 'Programmed', message });
    }
  }
}
