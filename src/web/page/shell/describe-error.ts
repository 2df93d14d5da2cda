import type { Messages } from '../locales/en.js';
import { ServiceError } from '../service/service-error.js';

/** An error as the page shows it. */
export interface DescribedError {
  readonly text: string;
  /** The service's own sentence, in English. */
  readonly detail: string | undefined;
  /** Whether the same request may succeed later. */
  readonly canRetry: boolean;
}

/** Puts an error into the words of the page. */
export function describeError(error: unknown, { errors }: Messages): DescribedError {
  if (!(error instanceof ServiceError)) {
    return { text: errors.unknown, detail: undefined, canRetry: true };
  }
  if (error.kind === 'unreachable') {
    return { text: errors.offline, detail: undefined, canRetry: true };
  }
  if (error.kind === 'interrupted' || !error.problem) {
    return { text: errors.interrupted, detail: undefined, canRetry: true };
  }
  const { code, detail, retryable } = error.problem;
  const text = errors.byCode[code];
  // What has no words of its own is a fault of the service, and may have been a moment's.
  return { text: text ?? errors.unknown, detail, canRetry: retryable || text === undefined };
}
