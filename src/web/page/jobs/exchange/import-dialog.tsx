import { useSignal } from '@preact/signals';
import { useId, useRef } from 'preact/hooks';

import { t } from '../../locales/locale.js';
import { Dialog } from '../../shell/dialog.js';
import { ErrorNote } from '../../shell/error-note.js';
import { reloadItems } from '../job-store.js';
import type { JobFilter } from '../job-filter.js';
import type { ImportedRow, ImportResult, JobDetails } from '../job-types.js';
import { importTexts, undoReview } from '../jobs-api.js';
import { withReviewer } from '../review/reviewer.js';

interface ImportDialogProps {
  readonly job: JobDetails;
  readonly filter: JobFilter;
  readonly onClose: () => void;
}

type State =
  | 'ready'
  | 'sending'
  | { readonly result: ImportResult; readonly undone?: undefined }
  /** Number of texts. */
  | { readonly undone: number };

/** Entries of a list of conflicts that are shown. */
const MAX_SHOWN = 50;

/** Brings reviewed texts back from a table, and says what became of each. */
export function ImportDialog({ job, filter, onClose }: ImportDialogProps) {
  const { exchange, shortcuts } = t().jobs;
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const state = useSignal<State>('ready');
  const isUndoing = useSignal(false);
  const error = useSignal<unknown>(null);
  const send = async (file: File, author: string) => {
    state.value = 'sending';
    error.value = null;
    try {
      const format = /\.(?:jsonl|ndjson)$/i.test(file.name) ? 'jsonl' : 'csv';
      state.value = { result: await importTexts(job.id, file, format, author) };
      reloadItems(job.id, filter);
    } catch (failure) {
      state.value = 'ready';
      error.value = failure;
    }
  };
  const undo = async (group: string, author: string) => {
    if (isUndoing.value) return;
    isUndoing.value = true;
    error.value = null;
    try {
      const { texts } = await undoReview(job.id, group, author);
      state.value = { undone: texts };
      reloadItems(job.id, filter);
    } catch (failure) {
      error.value = failure;
    } finally {
      isUndoing.value = false;
    }
  };
  return (
    <Dialog title={exchange.importTitle(job.name)} onClose={onClose}>
      {typeof state.value === 'object' ? (
        state.value.undone === undefined ? (
          <ImportReport
            result={state.value.result}
            isUndoing={isUndoing.value}
            onUndo={(group) => withReviewer((author) => void undo(group, author))}
          />
        ) : (
          <p role="status">{t().jobs.bulk.undone(state.value.undone)}</p>
        )
      ) : (
        <>
          <p>{exchange.importHint}</p>
          <div>
            <label class="label" for={id}>
              {exchange.file}
            </label>
            <input ref={field} id={id} class="field" type="file" accept=".csv,.jsonl,.ndjson" />
          </div>
        </>
      )}
      {error.value !== null && <ErrorNote error={error.value} />}
      <p role="status" class="visually-hidden">
        {state.value === 'sending' ? t().upload.processing : ''}
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          {shortcuts.close}
        </button>
        {typeof state.value === 'string' && (
          <button
            type="button"
            class="button primary"
            disabled={state.value === 'sending'}
            onClick={() => {
              const file = field.current?.files?.[0];
              if (file) withReviewer((author) => void send(file, author));
              else field.current?.focus();
            }}
          >
            {state.value === 'sending' ? t().upload.processing : exchange.import}
          </button>
        )}
      </div>
    </Dialog>
  );
}

interface ImportReportProps {
  readonly result: ImportResult;
  readonly isUndoing: boolean;
  /** Takes the decisions of the import back. */
  readonly onUndo: (group: string) => void;
}

function ImportReport({ result, isUndoing, onUndo }: ImportReportProps) {
  const { exchange, bulk } = t().jobs;
  const { accepted, edited, rejected, unchanged, counts, group } = result;
  const left = [...result.invalid, ...result.conflicts, ...result.unknown];
  return (
    <div class="exchange-report" role="status">
      <ul>
        {accepted > 0 && <li>{exchange.accepted(accepted)}</li>}
        <li>{exchange.edited(edited)}</li>
        {rejected > 0 && <li>{exchange.rejected(rejected)}</li>}
        <li>{exchange.unchanged(unchanged)}</li>
        {counts.conflicts > 0 && <li>{exchange.conflicts(counts.conflicts)}</li>}
        {counts.unknown > 0 && <li>{exchange.unknown(counts.unknown)}</li>}
        {counts.invalid > 0 && <li>{exchange.invalid(counts.invalid)}</li>}
      </ul>
      {left.length > 0 && (
        <ul class="exchange-list" tabIndex={0} aria-label={exchange.left}>
          {left.slice(0, MAX_SHOWN).map((entry, index) => (
            <LeftRow key={index} entry={entry} />
          ))}
        </ul>
      )}
      {group !== null && (
        <button type="button" class="button" disabled={isUndoing} onClick={() => onUndo(group)}>
          {bulk.undo}
        </button>
      )}
    </div>
  );
}

/** A row that was not imported: where it is, what it has, and why. */
function LeftRow({ entry }: { readonly entry: ImportedRow }) {
  const { row, identifier, language, kind, text, author, problem } = entry;
  const place = row === undefined ? undefined : t().jobs.exchange.row(row);
  const parts = [place, identifier, language, kind, text, author];
  return (
    <li>
      {parts.filter((part) => part !== undefined && part !== '').join(' · ')}
      {problem !== undefined && <span lang="en"> ({problem})</span>}
    </li>
  );
}
