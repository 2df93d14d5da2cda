import { followParent, sendToParent } from './fork-worker.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { MessageFromVerifyWorker, MessageToVerifyWorker } from './messages.js';
import { verifyPackage } from '../measure/verify/verify-package.js';

/** Child process that measures one model package. */
followParent();
process.once('message', ({ task }: MessageToVerifyWorker) => {
  void verifyPackage(task, (step) => reply({ type: 'progress', step })).then(
    (result) => reply({ type: 'result', result }),
    (error: unknown) => reply({ type: 'error', error: toPublicError(error).toJSON() }),
  );
});

function reply(message: MessageFromVerifyWorker): void {
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
