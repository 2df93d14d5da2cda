import './error-note.css';

import { t } from '../locales/locale.js';
import { describeError } from './describe-error.js';
import { RefreshIcon } from './icons.js';

interface ErrorNoteProps {
  error: unknown;
  /** Does the same once more. The button appears where that can help. */
  onRetry?: () => void;
}

/** What went wrong and what to do about it, in plain words; beneath it what the service itself says. */
export function ErrorNote({ error, onRetry }: ErrorNoteProps) {
  const { text, detail, canRetry } = describeError(error, t());
  return (
    <div class="error-note" role="alert">
      <p>{text}</p>
      {detail !== undefined && (
        <p class="error-note-detail" lang="en">
          {detail}
        </p>
      )}
      {canRetry && onRetry && (
        <button type="button" class="button" onClick={onRetry}>
          <RefreshIcon />
          {t().errors.retry}
        </button>
      )}
    </div>
  );
}
