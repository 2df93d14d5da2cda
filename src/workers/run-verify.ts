import { forkWorker, sendTo } from './fork-worker.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type {
  MessageFromVerifyWorker,
  MessageToVerifyWorker,
  VerifyWorkerResults,
} from './messages.js';

export interface VerifyWatch {
  readonly onProgress: (step: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs a package in a child process, so that its peak memory can be measured and is free before the next package.
 *
 * @param entry the module `verify.worker.js`.
 * @throws the task's error; INTERNAL if the process exits without a result, e.g. when memory runs out; the signal's
 *   reason.
 */
export async function runInVerifyWorker<T extends MessageToVerifyWorker['type']>(
  entry: URL,
  message: Extract<MessageToVerifyWorker, { readonly type: T }>,
  { onProgress, signal }: VerifyWatch,
): Promise<VerifyWorkerResults[T]> {
  signal.throwIfAborted();
  const child = forkWorker(entry, { stderr: 'inherit' });
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  try {
    return await new Promise<VerifyWorkerResults[T]>((resolve, reject) => {
      child.on('message', (reply: MessageFromVerifyWorker) => {
        if (reply.type === 'progress') onProgress(reply.step);
        else if (reply.type === 'result') resolve(reply.result as VerifyWorkerResults[T]);
        else reject(SalamandraError.fromJSON(reply.error));
      });
      child.once('error', reject);
      child.once('exit', () => {
        if (signal.aborted) reject(signal.reason as Error);
        else reject(endedEarly());
      });
      sendTo(child, message);
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
