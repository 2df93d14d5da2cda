import { followParent, sendToParent } from './fork-worker.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { MessageFromExaminer, MessageToExaminer } from './messages.js';
import { examinePackage } from '../measure/verify/examine-package.js';

/** Child process that measures one model package. */
followParent();
process.once('message', ({ task }: MessageToExaminer) => {
  void examinePackage(task, (step) => reply({ type: 'progress', step })).then(
    (result) => reply({ type: 'result', result }),
    (error: unknown) => reply({ type: 'error', error: toPublicError(error).toJSON() }),
  );
});

function reply(message: MessageFromExaminer): void {
  sendToParent(message);
}

function toPublicError(error: unknown): SalamandraError {
  if (error instanceof SalamandraError && error.cause === undefined) return error;
  // Causes may contain paths, so they stay in this process.
  console.error('verify.worker:', error);
  return error instanceof SalamandraError
    ? error
    : new SalamandraError('INTERNAL', 'Internal error.', { cause: error });
}
