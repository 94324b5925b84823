/** Says once what is wrong with a connection that is tried for ever, and once when it is well again. */
import { type Logger } from '@sluice/core';

/** A server that goes wrong in ever new words is not told about for ever. */
const toldAtMost = 10;

export class ProblemLog {
  private readonly told = new Set<string>();

  constructor(
    private readonly logger: Logger,
    private readonly whenWell: string,
  ) {}

  problem(message: string): void {
    if (this.told.has(message) || this.told.size >= toldAtMost) return;
    this.told.add(message);
    this.logger.warn({}, message);
  }

  recovered(): void {
    if (this.told.size === 0) return;
    this.told.clear();
    this.logger.info({}, this.whenWell);
  }
}
