import { locale, t } from '../../locales/locale.js';
import { ServiceError } from '../../service/service-error.js';
import { describeError } from '../../shell/describe-error.js';
import type { ItemText } from '../job-types.js';
import { type Conflict, dropConflict } from '../review/review-store.js';

interface ConflictNoteProps {
  readonly conflict: Conflict;
  /** The text as the service has it now. */
  readonly text: ItemText;
  /** Stores the person's own text after all. */
  readonly onUse: (mine: string) => void;
  readonly onKeep: () => void;
}

/** A refused decision: both texts, and the choice between them. */
export function ConflictNote({ conflict, text, onUse, onKeep }: ConflictNoteProps) {
  const { conflict: texts } = t().jobs;
  const { decision, error } = conflict;
  const mine = decision.text;
  const isConflict = error instanceof ServiceError && error.problem?.code === 'REVIEW_CONFLICT';
  return (
    <div class="text-card-conflict" role="alert">
      <p>
        {isConflict
          ? texts.title(text.author ?? '?')
          : describeError(error, t(), locale.value).text}
      </p>
      <p class="label">{texts.theirs}</p>
      <p lang={text.language} dir="auto">
        {text.text}
      </p>
      {mine !== undefined && (
        <>
          <p class="label">{texts.mine}</p>
          <p lang={text.language} dir="auto">
            {mine}
          </p>
        </>
      )}
      <div class="text-card-actions">
        <button
          type="button"
          class="button"
          onClick={() => {
            dropConflict(conflict);
            onKeep();
          }}
        >
          {texts.keep}
        </button>
        {mine !== undefined && (
          <button
            type="button"
            class="button"
            onClick={() => {
              dropConflict(conflict);
              onUse(mine);
            }}
          >
            {texts.use}
          </button>
        )}
      </div>
    </div>
  );
}
