import { forkWorker, sendTo } from './fork-worker.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { MessageFromVerifyWorker, MessageToVerifyWorker } from './messages.js';
import type { VerifyResult, VerifyTask } from '../measure/verify/verify-result.js';

export interface VerifyWatch {
  readonly onProgress: (step: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Verifies a package in a child process, so that its peak memory can be measured and is free before the next package.
 *
 * @param entry the module `verify.worker.js`.
 * @throws the task's error; INTERNAL if the process exits without a result, e.g. when memory runs out; the signal's
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
    'The verify process was killed before it had a result, probably because memory ran out. Close other programs and try again.',
  );
}
