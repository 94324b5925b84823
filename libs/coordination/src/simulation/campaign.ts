/** Many seeds on all cores, with progress; and one seed again, as text. */
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { runSeed } from './run.js';
import { Trace } from './trace.js';
import { type Portion, type PortionDone } from './worker.js';

export interface CampaignOptions {
  readonly from: number;
  readonly seeds: number;
  readonly seconds: number;
  readonly workers: number | undefined;
}

const portionSize = 200;
const progressMs = 10_000;
const mostFailures = 10;

/** True if the invariants held. */
export function replay(seed: number, isBrief: boolean): boolean {
  const trace = new Trace();
  const { violation, ms } = runSeed(seed, { trace });
  for (const line of trace.lines) if (!isBrief || line.includes('!!')) console.log(line);
  console.log(
    violation === undefined
      ? `seed ${seed}: all invariants held for ${Math.round(ms)} ms`
      : `seed ${seed}: ${violation.kind} at ${ms.toFixed(1)} ms: ${violation.text}`,
  );
  return violation === undefined;
}

class Campaign {
  private next: number;
  private runs = 0;
  private simulatedMs = 0;
  private readonly failed: PortionDone['failed'][number][] = [];
  private readonly startedAt = performance.now();
  private saidAt = this.startedAt;

  constructor(private readonly options: CampaignOptions) {
    this.next = options.from;
  }

  async run(): Promise<boolean> {
    const { workers = availableParallelism() } = this.options;
    await Promise.all(Array.from({ length: workers }, () => this.work()));
    this.say('done');
    console.log(`  seeds ${this.options.from} to ${this.next - 1}`);
    for (const { seed, text } of this.failed) {
      console.log(
        `  seed ${seed}: ${text}\n    node dist/libs/coordination/src/simulation/main.js --replay ${seed}`,
      );
    }
    return this.runs > 0 && this.failed.length === 0;
  }

  private work(): Promise<void> {
    const worker = new Worker(new URL('./worker.js', import.meta.url));
    return new Promise((resolve, reject) => {
      worker.on('error', reject);
      const give = (): void => {
        const portion = this.portion();
        if (portion === undefined) void worker.terminate().then(() => resolve());
        else worker.postMessage(portion);
      };
      worker.on('message', (done: PortionDone) => {
        this.took(done);
        give();
      });
      give();
    });
  }

  private portion(): Portion | undefined {
    const { from, seeds, seconds } = this.options;
    const count = Math.min(portionSize, from + seeds - this.next);
    const late = performance.now() - this.startedAt >= seconds * 1000;
    if (count <= 0 || late || this.failed.length >= mostFailures) return undefined;
    const portion = { from: this.next, count };
    this.next += count;
    return portion;
  }

  private took({ runs, simulatedMs, failed }: PortionDone): void {
    this.runs += runs;
    this.simulatedMs += simulatedMs;
    this.failed.push(...failed);
    if (performance.now() - this.saidAt < progressMs) return;
    this.saidAt = performance.now();
    this.say('so far');
  }

  private say(when: string): void {
    const seconds = (performance.now() - this.startedAt) / 1000;
    const hours = this.simulatedMs / 3_600_000;
    console.log(
      `${when}: ${this.runs} seeds, ${this.failed.length} failed, ${hours.toFixed(1)} hours simulated in ${seconds.toFixed(0)} s (${Math.round(this.runs / seconds)} seeds/s)`,
    );
  }
}

/** True if there was a run, and the invariants held in every one. */
export const simulate = (options: CampaignOptions): Promise<boolean> => new Campaign(options).run();
