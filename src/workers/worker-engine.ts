import { MAX_REQUESTS } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { createEventStream, type EventStream } from '../engine/event-stream.js';
import { type RequestLimits, requestLimits } from '../engine/request-limits.js';
import type {
  EngineEvent,
  EngineRequest,
  EngineStatus,
  ModelDescription,
  VisionLanguageEngine,
} from '../engine/vision-language-engine.js';
import type { MessageFromWorker } from './messages.js';
import { type SupervisorOptions, WorkerSupervisor } from './supervisor.js';

export interface RemoteEngineOptions extends SupervisorOptions {
  /** Called with every change, the loading progress included. */
  readonly onStatus?: (status: EngineStatus) => void;
  readonly maxRequests?: number;
  readonly requestTimeoutMs?: number;
}

/** Workers that a request may have waited in and lost: the third may have been its own doing. */
const MAX_LOSSES = 2;

interface Job {
  readonly id: number;
  readonly request: EngineRequest;
  readonly events: EventStream<EngineEvent>;
  readonly onStart: () => void;
  /**
   * `waiting`: for a worker, or in the worker for its turn; `running`: since the worker works on it; `cancelled`: nobody
   * waits for it any more, and the worker has yet to let go of it.
   */
  state: 'waiting' | 'running' | 'cancelled';
  /** The worker has the request. */
  isSent: boolean;
  /** Workers that were lost while it waited in them. */
  losses: number;
  cancelTimer?: NodeJS.Timeout;
}

interface Waiter {
  readonly resolve: (model: ModelDescription) => void;
  readonly reject: (error: Error) => void;
}

/**
 * An engine whose model lives in a child process, so that a run does not block this one and a crash does not
 * end it. The worker decides whose turn it is; what it has not begun waits here as well, so it outlives the worker.
 */
export function createWorkerEngine(options: RemoteEngineOptions): VisionLanguageEngine {
  const engine = new RemoteEngine(options);
  engine.start();
  return engine;
}

class RemoteEngine implements VisionLanguageEngine {
  private readonly supervisor: WorkerSupervisor;
  /** In the order of their arrival; each until it has ended, or the worker has let go of it. */
  private readonly jobs = new Map<number, Job>();
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

  async *generate(
    request: EngineRequest,
    signal?: AbortSignal,
    onStart: () => void = () => undefined,
  ): AsyncGenerator<EngineEvent> {
    signal?.throwIfAborted();
    this.checkAccepting();
    const id = this.nextId++;
    const events = createEventStream<EngineEvent>();
    const job: Job = { id, request, events, onStart, state: 'waiting', isSent: false, losses: 0 };
    // The work ends at once, even while the reader is slow to take what came before.
    const stop = (reason: unknown) => {
      job.events.fail(reason);
      this.release(job);
    };
    const onAbort = () => stop(signal?.reason);
    const timeoutMs = this.options.requestTimeoutMs ?? this.limits.requestMs;
    const timer = setTimeout(() => stop(deadlineExceeded()), timeoutMs);
    signal?.addEventListener('abort', onAbort);
    this.jobs.set(id, job);
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
    for (const job of this.jobs.values()) this.end(job, shuttingDown());
    await this.supervisor.close();
  }

  private checkAccepting(): void {
    const status = this.status();
    if (status.state === 'failed') throw status.error;
    if (status.state === 'closed') throw shuttingDown();
    if (status.state === 'loading') {
      throw new SalamandraError('MODEL_NOT_READY', 'The model is still loading.');
    }
    if (this.jobs.size >= (this.options.maxRequests ?? MAX_REQUESTS)) {
      throw new SalamandraError('QUEUE_FULL', 'Too many requests are waiting for the model.');
    }
  }

  private dispatch(): void {
    if (this.status().state !== 'ready') return;
    for (const job of this.jobs.values()) {
      if (job.isSent) continue;
      job.isSent = true;
      this.supervisor.send({ type: 'generate', id: job.id, request: job.request });
    }
  }

  /** The reader left: the job ended, failed, timed out or is not wanted any more. */
  private release(job: Job): void {
    if (!this.jobs.has(job.id) || job.state === 'cancelled') return;
    if (!job.isSent) {
      this.end(job);
      return;
    }
    job.state = 'cancelled';
    job.events.end();
    this.supervisor.send({ type: 'cancel', id: job.id });
    job.cancelTimer = setTimeout(() => this.supervisor.kill(), this.limits.cancelMs);
  }

  private receive(message: MessageFromWorker): void {
    const job = 'id' in message ? this.jobs.get(message.id) : undefined;
    if (!job) return;
    if (message.type === 'started') {
      if (job.state === 'waiting') job.state = 'running';
      job.onStart();
    } else if (message.type === 'event') {
      job.events.push(message.event);
    } else if (message.type === 'error') {
      this.end(job, SalamandraError.fromJSON(message.error));
    } else {
      this.end(job);
    }
  }

  private end(job: Job, error?: SalamandraError): void {
    clearTimeout(job.cancelTimer);
    this.jobs.delete(job.id);
    if (error) job.events.fail(error);
    else job.events.end();
  }

  /**
   * Only the requests that ran fail: one of them may be what broke the worker. The others wait for the next one; but what
   * was there each time is suspect as well.
   */
  private loseWorker(error: SalamandraError): void {
    for (const job of this.jobs.values()) {
      if (job.isSent) job.losses += 1;
      if (job.state === 'waiting' && job.losses <= MAX_LOSSES) job.isSent = false;
      else this.end(job, error);
    }
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
    for (const job of this.jobs.values()) this.end(job, error);
  }
}

function deadlineExceeded(): SalamandraError {
  return new SalamandraError('DEADLINE_EXCEEDED', 'The request took too long.');
}

function shuttingDown(): SalamandraError {
  return new SalamandraError('SHUTTING_DOWN', 'The service is shutting down.');
}
