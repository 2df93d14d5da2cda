import type { ChildProcess } from 'node:child_process';

import { MAX_LOAD_CRASHES, MAX_RELOAD_CRASHES, MAX_RESTART_DELAY_MS } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { forkWorker, sendTo } from './fork-worker.js';
import { createOutputTail, loadCrashed, type WorkerExit } from './load-failure.js';
import type { EngineStatus } from '../engine/vision-language-engine.js';
import type { MessageFromWorker, MessageToWorker, WorkerConfiguration } from './messages.js';

export interface SupervisorOptions {
  /** The worker's module, `inference.worker.js`. */
  readonly entry: URL;
  readonly configuration: WorkerConfiguration;
  /** Delay of the first restart. Doubles with every crash up to MAX_RESTART_DELAY_MS. */
  readonly firstRestartMs?: number;
}

export interface SupervisorEvents {
  onStatus(status: EngineStatus): void;
  /** The worker exited, and its requests are lost. A restart follows unless the status is `failed`. */
  onExit(error: SalamandraError): void;
  onMessage(message: MessageFromWorker): void;
}

const FIRST_RESTART_MS = 1_000;
/** After this time in the ready state the restart delay is reset. */
const RECOVERED_MS = 60_000;
const EXIT_GRACE_MS = 5_000;
/** The error output of a worker may arrive after its exit. */
const LAST_OUTPUT_MS = 200;

/**
 * Starts one inference worker, restarts it after a crash with exponential backoff, and ends it.
 *
 * A model that cannot be loaded is not tried again: the worker reports its error. A worker that crashes while it loads
 * the model gets MAX_LOAD_CRASHES attempts, because the same model would crash the next one too; after it was ready,
 * MAX_RELOAD_CRASHES, because then the cause is outside the model.
 */
export class WorkerSupervisor {
  status: EngineStatus = { state: 'loading', progress: { step: 'starting' } };
  private child: ChildProcess | undefined;
  private restartTimer: NodeJS.Timeout | undefined;
  private crashes = 0;
  /** Crashes in a row before the worker was ready. */
  private loadCrashes = 0;
  private maxLoadCrashes = MAX_LOAD_CRASHES;
  private readySinceMs = Infinity;

  constructor(
    private readonly options: SupervisorOptions,
    private readonly events: SupervisorEvents,
  ) {}

  start(): void {
    const { entry, configuration } = this.options;
    const child = forkWorker(entry, { stderr: 'pipe' });
    this.child = child;
    const output = createOutputTail();
    child.stderr?.on('data', (chunk: Buffer) => {
      process.stderr.write(chunk);
      output.push(chunk);
    });
    child.on('message', (message: MessageFromWorker) => {
      // Messages of a worker may arrive after its exit. Its requests have failed by then or wait for the next worker.
      if (this.child === child) this.receive(message);
    });
    // A process that could not be spawned has no exit event.
    child.on('error', ({ message }) => {
      if (child.pid !== undefined) return;
      this.handleExit(child, { exitCode: null, signal: null, lastOutput: message });
    });
    child.once('exit', (exitCode, signal) => {
      const handle = () =>
        this.handleExit(child, { exitCode, signal, lastOutput: output.lastLine() });
      child.once('close', handle);
      setTimeout(handle, LAST_OUTPUT_MS).unref();
    });
    sendTo(child, { type: 'load', configuration } satisfies MessageToWorker);
  }

  send(message: MessageToWorker): void {
    if (this.child) sendTo(this.child, message);
  }

  /** Kills a worker that does not respond. It is restarted like one that crashed. */
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
    // The worker exits when its IPC channel closes.
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
      this.loadCrashes = 0;
      this.maxLoadCrashes = MAX_RELOAD_CRASHES;
      this.setStatus({ state: 'ready', model: message.model });
    } else if (message.type === 'unusable') {
      this.setStatus({ state: 'failed', error: SalamandraError.fromJSON(message.error) });
    } else {
      this.events.onMessage(message);
    }
  }

  private handleExit(child: ChildProcess, exit: WorkerExit): void {
    if (this.child !== child) return;
    this.child = undefined;
    if (this.status.state === 'closed') return;
    if (this.status.state === 'failed') {
      this.events.onExit(this.status.error);
      return;
    }
    if (this.readySinceMs === Infinity) this.loadCrashes += 1;
    if (this.loadCrashes >= this.maxLoadCrashes) {
      const error = loadCrashed(exit, this.loadCrashes);
      this.setStatus({ state: 'failed', error });
      this.events.onExit(error);
      return;
    }
    if (performance.now() - this.readySinceMs > RECOVERED_MS) this.crashes = 0;
    this.readySinceMs = Infinity;
    const { firstRestartMs = FIRST_RESTART_MS } = this.options;
    const delayMs = Math.min(firstRestartMs * 2 ** this.crashes, MAX_RESTART_DELAY_MS);
    this.crashes += 1;
    this.restartTimer = setTimeout(() => this.start(), delayMs);
    this.setStatus({ state: 'loading', progress: { step: 'restarting' } });
    this.events.onExit(
      new SalamandraError(
        'MODEL_NOT_READY',
        'The inference process stopped unexpectedly and is restarting. Try again.',
      ),
    );
  }

  private setStatus(status: EngineStatus): void {
    this.status = status;
    this.events.onStatus(status);
  }
}
