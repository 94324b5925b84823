/** Runs a process inside NestJS: its lifecycle, its shutdown hooks, and `/healthz`, `/readyz` and `/metrics` beside it. */
import { describeError, type Logger } from '@sluice/core';
import {
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { startStatusServer, type StatusPages, type StatusServer } from './status-server.js';

/** What a process is beside its frame. */
export interface HostedProcess {
  start(): void | Promise<void>;
  /** Ends in order. */
  stop(): Promise<void>;
  /** Why it is not ready; undefined: it is. */
  notReady(): string | undefined;
  /** What its status server shows beside health and metrics. */
  readonly pages?: StatusPages;
}

export interface NestProcessOptions {
  readonly logger: Logger;
  /** Of the status server. */
  readonly port: number;
  readonly create: (registry: Registry) => Promise<HostedProcess>;
}

const hostedProcess = Symbol('HostedProcess');
const processOptions = Symbol('NestProcessOptions');

@Injectable()
class ProcessLifecycle implements OnApplicationBootstrap, OnApplicationShutdown {
  private status: StatusServer | undefined;

  constructor(
    @Inject(hostedProcess) private readonly hosted: HostedProcess,
    @Inject(processOptions) private readonly options: NestProcessOptions,
    private readonly registry: Registry,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.status = await startStatusServer({
      port: this.options.port,
      healthy: () => undefined,
      ready: () => this.hosted.notReady(),
      metrics: this.registry,
      ...(this.hosted.pages === undefined ? {} : { pages: this.hosted.pages }),
    });
    await this.hosted.start();
    this.options.logger.info({ port: this.status.port, pid: process.pid }, 'started');
  }

  async onApplicationShutdown(signal?: string): Promise<void> {
    this.options.logger.info({ signal }, 'stopping');
    await this.hosted.stop();
    await this.status?.close();
  }
}

@Module({})
class ProcessModule {
  static of(options: NestProcessOptions): DynamicModule {
    return {
      module: ProcessModule,
      providers: [
        { provide: processOptions, useValue: options },
        { provide: Registry, useFactory: processRegistry },
        { provide: hostedProcess, useFactory: options.create, inject: [Registry] },
        ProcessLifecycle,
      ],
    };
  }
}

function processRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Runs until a signal ends it. What fails at the start is logged, and the process exits with 1. */
export async function runNestProcess(options: NestProcessOptions): Promise<void> {
  try {
    const app = await NestFactory.createApplicationContext(ProcessModule.of(options), {
      // What fails is logged below.
      logger: false,
      abortOnError: false,
    });
    // Without `useProcessExit` Nest raises the signal again, and the last lines of the log are lost.
    app.enableShutdownHooks([], { useProcessExit: true });
  } catch (error) {
    options.logger.error({ error }, `cannot start: ${describeError(error)}`);
    process.exitCode = 1;
    setImmediate(() => process.exit());
  }
}
