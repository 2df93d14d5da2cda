import { useSignal } from '@preact/signals';
import { useId, useRef } from 'preact/hooks';

import { t } from '../../locales/locale.js';
import { Dialog } from '../../shell/dialog.js';
import { ErrorNote } from '../../shell/error-note.js';
import { reloadItems } from '../job-store.js';
import type { JobFilter } from '../job-filter.js';
import type { ImportResult, JobDetails } from '../job-types.js';
import { importTexts } from '../jobs-api.js';
import { withReviewer } from '../review/reviewer.js';

interface ImportDialogProps {
  readonly job: JobDetails;
  readonly filter: JobFilter;
  readonly onClose: () => void;
}

/** Entries of a list of conflicts that are shown. */
const MAX_SHOWN = 50;

/** Brings reviewed texts back from a table, and says what became of each. */
export function ImportDialog({ job, filter, onClose }: ImportDialogProps) {
  const { exchange, shortcuts } = t().jobs;
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const state = useSignal<'ready' | 'sending' | ImportResult>('ready');
  const error = useSignal<unknown>(null);
  const send = async (file: File, author: string) => {
    state.value = 'sending';
    error.value = null;
    try {
      const format = /\.(?:jsonl|ndjson)$/i.test(file.name) ? 'jsonl' : 'csv';
      state.value = await importTexts(job.id, file, format, author);
      reloadItems(job.id, filter);
    } catch (failure) {
      state.value = 'ready';
      error.value = failure;
    }
  };
  const result = typeof state.value === 'object' ? state.value : null;
  return (
    <Dialog title={exchange.importTitle(job.name)} onClose={onClose}>
      {result ? (
        <ImportReport result={result} />
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
        {!result && (
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

function ImportReport({ result }: { readonly result: ImportResult }) {
  const { exchange } = t().jobs;
  const { accepted, edited, unchanged, conflicts, unknown } = result;
  return (
    <div class="exchange-report" role="status">
      <ul>
        <li>{exchange.accepted(accepted)}</li>
        <li>{exchange.edited(edited)}</li>
        <li>{exchange.unchanged(unchanged)}</li>
        {conflicts.length > 0 && <li>{exchange.conflicts(conflicts.length)}</li>}
        {unknown.length > 0 && <li>{exchange.unknown(unknown.length)}</li>}
      </ul>
      {conflicts.length + unknown.length > 0 && (
        <ul class="exchange-list" tabIndex={0} aria-label={exchange.left}>
          {[...conflicts, ...unknown].slice(0, MAX_SHOWN).map((entry, index) => (
            <li key={index}>{describeEntry(entry)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The values of an entry in one line. */
function describeEntry(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return String(entry);
  return Object.values(entry)
    .filter((value) => typeof value === 'string' || typeof value === 'number')
    .join(' · ');
}
