import './error-note.css';

import { locale, t } from '../locales/locale.js';
import { describeError } from './describe-error.js';
import { RefreshIcon } from './icons.js';

interface ErrorNoteProps {
  error: unknown;
  /** Repeats the request. The button is shown only if a retry can succeed. */
  onRetry?: () => void;
}

/** An error in the page language, and below it the English detail of the service. */
export function ErrorNote({ error, onRetry }: ErrorNoteProps) {
  const { text, detail, canRetry } = describeError(error, t(), locale.value);
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
