import { MAX_QUEUE } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { createEventStream, type EventStream } from './event-stream.js';
import { type RequestLimits, requestLimits } from './request-limits.js';
import type {
  EngineEvent,
  EngineRequest,
  EngineStatus,
  ModelDescription,
  VisionLanguageEngine,
} from './vision-language-engine.js';
import type { MessageFromWorker } from './worker-messages.js';
import { type SupervisorOptions, WorkerSupervisor } from './worker-supervisor.js';

export interface RemoteEngineOptions extends SupervisorOptions {
  /** Called with every change, the loading progress included. */
  readonly onStatus?: (status: EngineStatus) => void;
  readonly maxQueue?: number;
  readonly requestTimeoutMs?: number;
}

interface Job {
  readonly id: number;
  readonly request: EngineRequest;
  readonly events: EventStream<EngineEvent>;
  /** Nobody waits for it any more. */
  isReleased: boolean;
}

interface Waiter {
  readonly resolve: (model: ModelDescription) => void;
  readonly reject: (error: Error) => void;
}

/**
 * An engine whose model lives in a child process, so that a run does not block this one and a crash does not
 * end it. Requests run one after another; the queue is bounded and lies here, so it outlives the worker.
 */
export function createRemoteEngine(options: RemoteEngineOptions): VisionLanguageEngine {
  const engine = new RemoteEngine(options);
  engine.start();
  return engine;
}

class RemoteEngine implements VisionLanguageEngine {
  private readonly supervisor: WorkerSupervisor;
  private readonly queue: Job[] = [];
  /** The job the worker has. After a cancellation it stays here until the worker lets go of it. */
  private running: Job | undefined;
  private cancelTimer: NodeJS.Timeout | undefined;
  /** Those of the loaded model. */
  private limits: RequestLimits = requestLimits(0);
  private waiters: Waiter[] = [];
  private nextId = 1;

  constructor(private readonly options: RemoteEngineOptions) {
    this.supervisor = new WorkerSupervisor(options, {
      onStatus: (status) => this.follow(status),
      onDown: (error) => this.loseWorker(error),
      onMessage: (message) => this.receive(message),
    });
  }

  start(): void {
    this.supervisor.start();
  }

  status(): EngineStatus {
    return this.supervisor.status;
  }

  describe(): Promise<ModelDescription> {
    const status = this.status();
    if (status.state === 'ready') return Promise.resolve(status.model);
    if (status.state === 'loading') {
      return new Promise((resolve, reject) => this.waiters.push({ resolve, reject }));
    }
    return Promise.reject(status.state === 'failed' ? status.error : shuttingDown());
  }

  async *generate(request: EngineRequest, signal?: AbortSignal): AsyncGenerator<EngineEvent> {
    signal?.throwIfAborted();
    this.checkAccepting();
    const id = this.nextId++;
    const job: Job = { id, request, events: createEventStream(), isReleased: false };
    // The work ends at once, even while the reader is slow to take what came before.
    const stop = (reason: unknown) => {
      job.events.fail(reason);
      this.release(job);
    };
    const onAbort = () => stop(signal?.reason);
    const timeoutMs = this.options.requestTimeoutMs ?? this.limits.requestMs;
    const timer = setTimeout(() => stop(deadlineExceeded()), timeoutMs);
    signal?.addEventListener('abort', onAbort);
    this.queue.push(job);
    this.dispatch();
    try {
      yield* job.events;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.release(job);
    }
  }

  async close(): Promise<void> {
    const jobs = [...this.queue.splice(0), ...(this.running ? [this.running] : [])];
    this.running = undefined;
    clearTimeout(this.cancelTimer);
    for (const { events } of jobs) events.fail(shuttingDown());
    await this.supervisor.close();
  }

  private checkAccepting(): void {
    const status = this.status();
    if (status.state === 'failed') throw status.error;
    if (status.state === 'closed') throw shuttingDown();
    if (status.state === 'loading') {
      throw new SalamandraError('MODEL_NOT_READY', 'The model is still loading.');
    }
    if (this.queue.length >= (this.options.maxQueue ?? MAX_QUEUE)) {
      throw new SalamandraError('QUEUE_FULL', 'Too many requests are waiting for the model.');
    }
  }

  private dispatch(): void {
    if (this.running || this.status().state !== 'ready') return;
    const job = this.queue.shift();
    if (!job) return;
    this.running = job;
    this.supervisor.send({ type: 'generate', id: job.id, request: job.request });
  }

  /** The reader left: the job ended, failed, timed out or is not wanted any more. */
  private release(job: Job): void {
    if (job.isReleased) return;
    job.isReleased = true;
    job.events.end();
    const waiting = this.queue.indexOf(job);
    if (waiting >= 0) this.queue.splice(waiting, 1);
    if (this.running !== job) return;
    this.supervisor.send({ type: 'cancel', id: job.id });
    this.cancelTimer = setTimeout(() => this.supervisor.kill(), this.limits.cancelMs);
  }

  private receive(message: MessageFromWorker): void {
    const job = this.running;
    if (!job || !('id' in message) || message.id !== job.id) return;
    if (message.type === 'event') {
      job.events.push(message.event);
      return;
    }
    this.running = undefined;
    clearTimeout(this.cancelTimer);
    if (message.type === 'error') job.events.fail(SalamandraError.fromJSON(message.error));
    else job.events.end();
    this.dispatch();
  }

  /** Only the request that ran fails: it may be what broke the worker. The others wait for the next one. */
  private loseWorker(error: SalamandraError): void {
    clearTimeout(this.cancelTimer);
    this.running?.events.fail(error);
    this.running = undefined;
    for (const { reject } of this.waiters.splice(0)) reject(error);
  }

  private follow(status: EngineStatus): void {
    this.options.onStatus?.(status);
    if (status.state === 'loading') return;
    if (status.state === 'ready') this.limits = requestLimits(status.model.costs.weightBytes);
    const waiters = this.waiters.splice(0);
    if (status.state === 'ready') {
      for (const { resolve } of waiters) resolve(status.model);
      this.dispatch();
      return;
    }
    const error = status.state === 'failed' ? status.error : shuttingDown();
    for (const { reject } of waiters) reject(error);
    for (const { events } of this.queue.splice(0)) events.fail(error);
  }
}

function deadlineExceeded(): SalamandraError {
  return new SalamandraError('DEADLINE_EXCEEDED', 'The request took too long.');
}

function shuttingDown(): SalamandraError {
  return new SalamandraError('SHUTTING_DOWN', 'The service is shutting down.');
}
