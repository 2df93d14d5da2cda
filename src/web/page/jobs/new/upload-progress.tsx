import { useSignal } from '@preact/signals';

import { t } from '../../locales/locale.js';
import { ErrorNote } from '../../shell/error-note.js';
import { formatBytes } from '../../shell/describe-error.js';
import { locale } from '../../locales/locale.js';
import { hasEnded } from '../follow-job.js';
import type { Job } from '../job-types.js';
import { FileSource } from './file-source.js';
import { finishUploads, resumeUploads, startUploads, uploadsOf } from './job-uploads.js';
import type { UploadQueue } from './upload-queue.js';

/** The files of a job that are on their way, or that are still missing. */
export function UploadProgress({ job }: { readonly job: Job }) {
  const queue = uploadsOf(job.id);
  if (job.source.kind !== 'uploads' || job.is_listed || hasEnded(job)) return null;
  return queue ? <RunningUploads job={job} queue={queue} /> : <MissingUploads job={job} />;
}

function RunningUploads({ job, queue }: { readonly job: Job; readonly queue: UploadQueue }) {
  const { uploads } = t().jobs;
  const { phase, files, bytes, sentFiles, sentBytes, failed } = queue.state.value;
  return (
    <div class="job-progress">
      <label class="job-progress">
        <span>
          {uploads.progress(sentFiles, files)} ·{' '}
          {uploads.bytes(formatBytes(sentBytes, locale.value), formatBytes(bytes, locale.value))}
        </span>
        <progress max={Math.max(1, bytes)} value={sentBytes} />
      </label>
      {failed.length > 0 && (
        <details class="job-details">
          <summary>{uploads.failed(failed.length)}</summary>
          <ul>
            {failed.map(({ file, error }) => (
              <li key={file.path}>
                {file.path} <span lang="en">({(error as Error).message})</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <div class="job-buttons">
        {phase === 'running' ? (
          <button type="button" class="button" onClick={queue.stop}>
            {uploads.stop}
          </button>
        ) : (
          <>
            <button type="button" class="button primary" onClick={() => resumeUploads(job.id)}>
              {uploads.resume}
            </button>
            <FinishButton job={job} />
          </>
        )}
      </div>
    </div>
  );
}

/** After a reload, the browser has no access to the files any more: they are chosen again, and sent ones skipped. */
function MissingUploads({ job }: { readonly job: Job }) {
  const { uploads } = t().jobs;
  return (
    <div class="job-progress">
      <p class="job-note">{uploads.missing}</p>
      <FileSource onFiles={(files) => startUploads(job.id, files)} />
      <div class="job-buttons">
        <FinishButton job={job} />
      </div>
    </div>
  );
}

function FinishButton({ job }: { readonly job: Job }) {
  const error = useSignal<unknown>(null);
  return (
    <>
      <button
        type="button"
        class="button"
        onClick={() => {
          finishUploads(job.id).catch((failure: unknown) => {
            error.value = failure;
          });
        }}
      >
        {t().jobs.uploads.finish}
      </button>
      {error.value !== null && <ErrorNote error={error.value} />}
    </>
  );
}
