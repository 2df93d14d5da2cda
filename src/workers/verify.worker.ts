import { followParent, sendToParent } from './fork-worker.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { MessageFromVerifyWorker, MessageToVerifyWorker } from './messages.js';
import { scoreAnswers } from '../measure/against/score-answers.js';
import { verifyPackage } from '../measure/verify/verify-package.js';

/** Child process that measures one model package, or scores answers with it. */
followParent();
process.once('message', (message: MessageToVerifyWorker) => {
  void run(message, (step) => reply({ type: 'progress', step })).then(
    (result) => reply({ type: 'result', result }),
    (error: unknown) => reply({ type: 'error', error: toPublicError(error).toJSON() }),
  );
});

function run(message: MessageToVerifyWorker, onProgress: (step: string) => void) {
  return message.type === 'verify'
    ? verifyPackage(message.task, onProgress)
    : scoreAnswers(message.task, onProgress);
}

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
