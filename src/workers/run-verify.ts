import { forkWorker, sendTo } from './fork-worker.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { MessageFromVerifyWorker, MessageToVerifyWorker } from './messages.js';
import type { VerifyResult, VerifyTask } from '../measure/verify/verify-result.js';

export interface VerifyWatch {
  readonly onProgress: (step: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Examines a package in a process of its own, so that its memory is its own and free when the next one begins.
 *
 * @param entry the module `verify.worker.js`.
 * @throws what the examination throws; INTERNAL when the process ends before its result, as for want of memory; the signal's
 *   reason.
 */
export async function runVerifyInWorker(
  entry: URL,
  task: VerifyTask,
  { onProgress, signal }: VerifyWatch,
): Promise<VerifyResult> {
  signal.throwIfAborted();
  const child = forkWorker(entry, { stderr: 'inherit' });
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  try {
    return await new Promise<VerifyResult>((resolve, reject) => {
      child.on('message', (message: MessageFromVerifyWorker) => {
        if (message.type === 'progress') onProgress(message.step);
        else if (message.type === 'result') resolve(message.result);
        else reject(SalamandraError.fromJSON(message.error));
      });
      child.once('error', reject);
      child.once('exit', () => {
        if (signal.aborted) reject(signal.reason as Error);
        else reject(endedEarly());
      });
      sendTo(child, { task } satisfies MessageToVerifyWorker);
    });
  } finally {
    signal.removeEventListener('abort', kill);
    kill();
  }
}

function endedEarly(): SalamandraError {
  return new SalamandraError(
    'INTERNAL',
    'The process that held the model ended early, as the system does to it when memory runs out.',
  );
}
