import { useSignal } from '@preact/signals';

import { t } from '../locales/locale.js';
import { Dialog } from '../shell/dialog.js';
import { ErrorNote } from '../shell/error-note.js';
import type { JobFilter } from './job-filter.js';
import { reloadItems } from './job-store.js';
import type { BulkResult, JobDetails } from './job-types.js';
import { reviewAll, undoReview } from './jobs-api.js';
import { withReviewer } from './review/reviewer.js';

interface BulkReviewProps {
  readonly job: JobDetails;
  readonly filter: JobFilter;
  /** Number of items that the filter finds. */
  readonly total: number;
}

type Step =
  | { readonly name: 'idle' }
  | { readonly name: 'asking'; readonly author: string; readonly count: BulkResult }
  | { readonly name: 'done'; readonly author: string; readonly result: BulkResult }
  | { readonly name: 'undone'; readonly texts: number }
  | { readonly name: 'failed'; readonly error: unknown };

/** Accepts every unreviewed text of the items on show, after their number was said. It can be undone. */
export function BulkReview({ job, filter, total }: BulkReviewProps) {
  const step = useSignal<Step>({ name: 'idle' });
  const isBusy = useSignal(false);
  const { bulk } = t().jobs;
  // One request at a time: a second decision finds no text, and its result would replace the one that can be undone.
  const attempt = (act: () => Promise<Step>) => {
    if (isBusy.value) return;
    isBusy.value = true;
    act()
      .then(
        (next) => {
          step.value = next;
          if (next.name === 'done' || next.name === 'undone') reloadItems(job.id, filter);
        },
        (error: unknown) => {
          step.value = { name: 'failed', error };
        },
      )
      .finally(() => {
        isBusy.value = false;
      });
  };
  const count = (author: string) => {
    step.value = { name: 'idle' };
    attempt(async () => {
      const counted = await reviewAll(job.id, author, filter, 'dry run');
      return { name: 'asking', author, count: counted };
    });
  };
  const close = () => {
    step.value = { name: 'idle' };
  };
  const now = step.value;
  return (
    <>
      <button
        type="button"
        class="button"
        disabled={total === 0 || isBusy.value}
        onClick={() => withReviewer(count)}
      >
        {bulk.accept}
      </button>
      {now.name === 'asking' && (
        <Dialog title={bulk.title} onClose={close}>
          <p>{now.count.texts === 0 ? bulk.none : bulk.count(now.count.texts, now.count.items)}</p>
          <div class="dialog-actions">
            <button type="button" class="button" onClick={close}>
              {t().jobs.reviewer.cancel}
            </button>
            {now.count.texts > 0 && (
              <button
                type="button"
                class="button primary"
                disabled={isBusy.value}
                onClick={() =>
                  attempt(async () => {
                    const result = await reviewAll(job.id, now.author, filter, 'real');
                    return { name: 'done', author: now.author, result };
                  })
                }
              >
                {bulk.confirm(now.count.texts)}
              </button>
            )}
          </div>
        </Dialog>
      )}
      <div role="status" class="job-items-outcome">
        {now.name === 'done' && (
          <div class="job-note">
            <p>{bulk.done(now.result.texts)}</p>
            {now.result.group !== null && (
              <UndoButton
                isBusy={isBusy.value}
                onClick={() =>
                  attempt(async () => {
                    const { texts } = await undoReview(job.id, now.result.group ?? '', now.author);
                    return { name: 'undone', texts };
                  })
                }
              />
            )}
          </div>
        )}
        {now.name === 'undone' && <p class="job-note">{bulk.undone(now.texts)}</p>}
        {now.name === 'failed' && <ErrorNote error={now.error} />}
      </div>
    </>
  );
}

interface UndoButtonProps {
  readonly isBusy: boolean;
  readonly onClick: () => void;
}

function UndoButton({ isBusy, onClick }: UndoButtonProps) {
  return (
    <button type="button" class="button" disabled={isBusy} onClick={onClick}>
      {t().jobs.bulk.undo}
    </button>
  );
}
