import { followParent, sendToParent } from './fork-worker.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { MessageFromExaminer, MessageToExaminer } from './messages.js';
import { examinePackage } from '../measure/verify/examine-package.js';

/** Child process that examines one model package for its parent. */
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
  // The parent is told no causes: they may hold paths.
  console.error('verify.worker:', error);
  return error instanceof SalamandraError
    ? error
    : new SalamandraError('INTERNAL', 'Internal error.', { cause: error });
}
