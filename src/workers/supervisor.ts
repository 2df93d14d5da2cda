import type { ChildProcess } from 'node:child_process';

import { MAX_RESTART_DELAY_MS } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { forkWorker, sendTo } from './fork-worker.js';
import type { EngineStatus } from '../engine/vision-language-engine.js';
import type { MessageFromWorker, MessageToWorker, WorkerConfiguration } from './messages.js';

export interface SupervisorOptions {
  /** The worker's module, `inference.worker.js`. */
  readonly entry: URL;
  readonly configuration: WorkerConfiguration;
  /** Milliseconds before the first restart; doubles with every crash up to MAX_RESTART_DELAY_MS. */
  readonly firstRestartMs?: number;
}

export interface SupervisorEvents {
  onStatus(status: EngineStatus): void;
  /** The worker is gone and its requests with it. Another start follows unless the status says otherwise. */
  onDown(error: SalamandraError): void;
  onMessage(message: MessageFromWorker): void;
}

const FIRST_RESTART_MS = 1_000;
/** A worker that stayed ready this long has recovered: the next crash waits the shortest time again. */
const RECOVERED_MS = 60_000;
const EXIT_GRACE_MS = 5_000;

/** Keeps one inference worker running: starts it, starts it again after a crash, and ends it. */
export class WorkerSupervisor {
  status: EngineStatus = { state: 'loading', progress: { step: 'starting' } };
  private child: ChildProcess | undefined;
  private restartTimer: NodeJS.Timeout | undefined;
  private crashes = 0;
  private readySinceMs = Infinity;

  constructor(
    private readonly options: SupervisorOptions,
    private readonly events: SupervisorEvents,
  ) {}

  start(): void {
    const { entry, configuration } = this.options;
    const child = forkWorker(entry, { stderr: 'inherit' });
    this.child = child;
    child.on('message', (message: MessageFromWorker) => {
      // What a worker has said may be read after its exit, when its requests are lost or wait for another one.
      if (this.child === child) this.receive(message);
    });
    // A child that could not be started has no exit event.
    child.on('error', () => child.pid === undefined && this.lose(child));
    child.once('exit', () => this.lose(child));
    sendTo(child, { type: 'load', configuration } satisfies MessageToWorker);
  }

  send(message: MessageToWorker): void {
    if (this.child) sendTo(this.child, message);
  }

  /** For a worker that does not react any more; it is replaced like one that crashed. */
  kill(): void {
    this.child?.kill('SIGKILL');
  }

  /** Ends the worker and waits for its exit. */
  async close(): Promise<void> {
    const { child } = this;
    clearTimeout(this.restartTimer);
    this.setStatus({ state: 'closed' });
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_GRACE_MS);
    // The worker ends when its channel closes.
    if (child.connected) child.disconnect();
    await exited;
    clearTimeout(timer);
  }

  private receive(message: MessageFromWorker): void {
    if (this.status.state === 'closed') return;
    if (message.type === 'progress') {
      this.setStatus({ state: 'loading', progress: message.progress });
    } else if (message.type === 'ready') {
      this.readySinceMs = performance.now();
      this.setStatus({ state: 'ready', model: message.model });
    } else if (message.type === 'unusable') {
      this.setStatus({ state: 'failed', error: SalamandraError.fromJSON(message.error) });
    } else {
      this.events.onMessage(message);
    }
  }

  private lose(child: ChildProcess): void {
    if (this.child !== child) return;
    this.child = undefined;
    if (this.status.state === 'closed') return;
    if (this.status.state === 'failed') {
      this.events.onDown(this.status.error);
      return;
    }
    if (performance.now() - this.readySinceMs > RECOVERED_MS) this.crashes = 0;
    this.readySinceMs = Infinity;
    const { firstRestartMs = FIRST_RESTART_MS } = this.options;
    const delayMs = Math.min(firstRestartMs * 2 ** this.crashes, MAX_RESTART_DELAY_MS);
    this.crashes += 1;
    this.restartTimer = setTimeout(() => this.start(), delayMs);
    this.setStatus({ state: 'loading', progress: { step: 'restarting' } });
    this.events.onDown(
      new SalamandraError(
        'MODEL_NOT_READY',
        'The model stopped unexpectedly and is starting again.',
      ),
    );
  }

  private setStatus(status: EngineStatus): void {
    this.status = status;
    this.events.onStatus(status);
  }
}
