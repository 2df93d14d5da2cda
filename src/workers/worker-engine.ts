import {
  MAX_CANCEL_MS,
  MAX_CANCEL_MS_PER_GB,
  MAX_REQUEST_MS,
  MAX_REQUEST_MS_PER_GB,
} from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { createEventStream, type EventStream } from '../engine/event-stream.js';
import type {
  EngineEvent,
  EngineRequest,
  EngineStatus,
  ModelDescription,
  VisionLanguageEngine,
} from '../engine/vision-language-engine.js';
import type { MessageFromWorker } from './messages.js';
import { type SupervisorOptions, WorkerSupervisor } from './supervisor.js';

export interface WorkerEngineOptions extends SupervisorOptions {
  /** Called on every change, including loading progress. */
  readonly onStatus?: (status: EngineStatus) => void;
  readonly requestTimeoutMs?: number;
}

/** Crashes that a waiting request survives. After the third one the request itself is suspect. */
const MAX_WORKER_CRASHES = 2;

interface PendingRequest {
  readonly id: number;
  readonly request: EngineRequest;
  readonly events: EventStream<EngineEvent>;
  readonly onStart: () => void;
  /**
   * `waiting`: for a worker, or for admission in the worker; `running`: admitted; `cancelled`: the caller left, and the
   * worker has not confirmed the cancellation yet.
   */
  state: 'waiting' | 'running' | 'cancelled';
  /** Whether the media are decoded. */
  hasMedia: boolean;
  /** Whether the present worker has received the request. */
  isSent: boolean;
  /** Worker crashes while the request waited. */
  crashes: number;
  cancelTimer?: NodeJS.Timeout;
}

interface Waiter {
  readonly resolve: (model: ModelDescription) => void;
  readonly reject: (error: Error) => void;
}

/**
 * An engine whose model is in a child process: graph runs do not block this process, and a crash does not end it. The
 * worker schedules the requests. Requests that it has not admitted survive its crash and go to the next worker.
 */
export function createWorkerEngine(options: WorkerEngineOptions): VisionLanguageEngine {
  const engine = new WorkerEngine(options);
  engine.start();
  return engine;
}

class WorkerEngine implements VisionLanguageEngine {
  private readonly supervisor: WorkerSupervisor;
  /** In order of arrival. A cancelled request stays until the worker confirms it. */
  private readonly pending = new Map<number, PendingRequest>();
  /** Time limits of the loaded model. */
  private limits: RequestLimits = requestLimits(0);
  private waiters: Waiter[] = [];
  private nextId = 1;

  constructor(private readonly options: WorkerEngineOptions) {
    this.supervisor = new WorkerSupervisor(options, {
      onStatus: (status) => this.follow(status),
      onExit: (error) => this.handleWorkerExit(error),
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
    const entry: PendingRequest = {
      id,
      request,
      events,
      onStart,
      state: 'waiting',
      hasMedia: false,
      isSent: false,
      crashes: 0,
    };
    // Cancels at once, even if the consumer is slow to read earlier events.
    const stop = (reason: unknown) => {
      entry.events.fail(reason);
      this.release(entry);
    };
    const onAbort = () => stop(signal?.reason);
    const timeoutMs = this.options.requestTimeoutMs ?? this.limits.requestMs;
    const timer = setTimeout(() => {
      stop(isDecodingVideo(entry) ? videoTooSlow(timeoutMs) : deadlineExceeded());
    }, timeoutMs);
    signal?.addEventListener('abort', onAbort);
    this.pending.set(id, entry);
    this.dispatch();
    try {
      yield* entry.events;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.release(entry);
    }
  }

  async close(): Promise<void> {
    for (const entry of this.pending.values()) this.end(entry, shuttingDown());
    await this.supervisor.close();
  }

  private checkAccepting(): void {
    const status = this.status();
    if (status.state === 'failed') throw status.error;
    if (status.state === 'closed') throw shuttingDown();
    if (status.state === 'loading') {
      throw new SalamandraError(
        'MODEL_NOT_READY',
        'The model is still loading. Try again when /health/ready answers 200.',
      );
    }
  }

  private dispatch(): void {
    if (this.status().state !== 'ready') return;
    for (const entry of this.pending.values()) {
      if (entry.isSent) continue;
      entry.isSent = true;
      this.supervisor.send({ type: 'generate', id: entry.id, request: entry.request });
    }
  }

  /** Ends a request whose consumer is done: finished, failed, timed out or cancelled. */
  private release(entry: PendingRequest): void {
    if (!this.pending.has(entry.id) || entry.state === 'cancelled') return;
    if (!entry.isSent) {
      this.end(entry);
      return;
    }
    entry.state = 'cancelled';
    entry.events.end();
    this.supervisor.send({ type: 'cancel', id: entry.id });
    entry.cancelTimer = setTimeout(() => this.supervisor.kill(), this.limits.cancelMs);
  }

  private receive(message: MessageFromWorker): void {
    const entry = 'id' in message ? this.pending.get(message.id) : undefined;
    if (!entry) return;
    if (message.type === 'started') {
      if (entry.state === 'waiting') entry.state = 'running';
      entry.onStart();
    } else if (message.type === 'event') {
      entry.hasMedia ||= message.event.type === 'media';
      entry.events.push(message.event);
    } else if (message.type === 'error') {
      this.end(entry, SalamandraError.fromJSON(message.error));
    } else {
      this.end(entry);
    }
  }

  private end(entry: PendingRequest, error?: SalamandraError): void {
    clearTimeout(entry.cancelTimer);
    this.pending.delete(entry.id);
    if (error) entry.events.fail(error);
    else entry.events.end();
  }

  /**
   * Running requests fail, because one of them may have crashed the worker. Waiting requests go to the next worker,
   * unless they were present in MAX_WORKER_CRASHES crashes.
   */
  private handleWorkerExit(error: SalamandraError): void {
    for (const entry of this.pending.values()) {
      if (entry.isSent) entry.crashes += 1;
      if (entry.state === 'waiting' && entry.crashes <= MAX_WORKER_CRASHES) entry.isSent = false;
      else this.end(entry, error);
    }
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
    for (const entry of this.pending.values()) this.end(entry, error);
  }
}

function isDecodingVideo({ state, hasMedia, request }: PendingRequest): boolean {
  return state === 'running' && !hasMedia && request.media.some(({ kind }) => kind === 'video');
}

/** The deadline of a request whose video is being decoded, or waits for the videos of others. */
function videoTooSlow(limitMs: number): SalamandraError {
  const seconds = limitMs / 1_000;
  return new SalamandraError(
    'MEDIA_TOO_EXPENSIVE',
    `The video was not decoded within the time limit of the request, ${seconds} s, with the wait for other videos. Send fewer at once, request fewer frames or a shorter range, or reduce the resolution.`,
    { details: { max_seconds: seconds }, retryable: true },
  );
}

function deadlineExceeded(): SalamandraError {
  return new SalamandraError(
    'DEADLINE_EXCEEDED',
    'The request exceeded its time limit. Send less media, fewer conversations or a lower max_tokens.',
  );
}

function shuttingDown(): SalamandraError {
  return new SalamandraError('SHUTTING_DOWN', 'The service is shutting down.');
}

/** Time limits of a model in milliseconds. */
interface RequestLimits {
  /** From the arrival of a request to its answer. */
  readonly requestMs: number;
  /** From a cancellation to its confirmation by the worker. */
  readonly cancelMs: number;
}

/** The limits grow with the weights, because every decode step reads all of them. */
export function requestLimits(weightBytes: number): RequestLimits {
  const gigabytes = weightBytes / 1e9;
  return {
    requestMs: MAX_REQUEST_MS + gigabytes * MAX_REQUEST_MS_PER_GB,
    cancelMs: MAX_CANCEL_MS + gigabytes * MAX_CANCEL_MS_PER_GB,
  };
}
