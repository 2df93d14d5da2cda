import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { locale, t } from '../../locales/locale.js';
import { ErrorNote } from '../../shell/error-note.js';
import { describeError, formatBytes } from '../../shell/describe-error.js';
import { hasEnded } from '../follow-job.js';
import type { Job } from '../job-types.js';
import { FileSource } from './file-source.js';
import type { PathFile } from './dropped-files.js';
import {
  addUploads,
  findMissingFiles,
  finishUploads,
  resumeUploads,
  uploadsOf,
} from './job-uploads.js';
import { takeMissing } from './missing-files.js';
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
      {phase === 'lost' && (
        <p class="job-note" role="status">
          {uploads.lost}
        </p>
      )}
      {failed.length > 0 && (
        <details class="job-details">
          <summary>{uploads.failed(failed.length)}</summary>
          <ul>
            {failed.map(({ file, error }) => (
              <li key={file.path}>
                {file.path}: <FailureText error={error} />
              </li>
            ))}
          </ul>
        </details>
      )}
      <div class="job-buttons">
        {phase === 'running' || phase === 'lost' ? (
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

/** Files of a list that are shown. */
const MAX_SHOWN = 200;

/**
 * After a reload, the browser has no access to the files any more: the missing ones are chosen again. Whatever has
 * arrived is not sent twice.
 */
function MissingUploads({ job }: { readonly job: Job }) {
  const { uploads } = t().jobs;
  const found = useSignal<Awaited<ReturnType<typeof findMissingFiles>> | null>(null);
  const error = useSignal<unknown>(null);
  const isUseless = useSignal(false);
  const look = () => {
    error.value = null;
    findMissingFiles(job.id).then(
      (now) => {
        found.value = now;
      },
      (failure: unknown) => {
        error.value = failure;
      },
    );
  };
  useEffect(look, [job.id]);
  if (error.value !== null) return <ErrorNote error={error.value} onRetry={look} />;
  if (!found.value) return null;
  const { missing, arrived } = found.value;
  const take = (files: readonly PathFile[]) => {
    const wanted = missing
      ? takeMissing(missing, files)
      : files.filter(({ path }) => !arrived.has(path));
    isUseless.value = wanted.length === 0;
    if (wanted.length > 0) addUploads(job.id, wanted);
  };
  return (
    <div class="job-progress">
      <div class="job-note">
        <p>
          {arrived.size > 0 && `${uploads.arrived(arrived.size)} `}
          {missing ? uploads.missingFiles(missing.length) : uploads.missing}
        </p>
        {missing && missing.length > 0 && (
          <ul class="missing-files" tabIndex={0} aria-label={uploads.missingFiles(missing.length)}>
            {missing.slice(0, MAX_SHOWN).map(({ path }) => (
              <li key={path}>{path}</li>
            ))}
            {missing.length > MAX_SHOWN && <li>…</li>}
          </ul>
        )}
      </div>
      <FileSource onFiles={take} />
      <p role="status">{isUseless.value && uploads.noneMissing}</p>
      <div class="job-buttons">
        <FinishButton job={job} />
      </div>
    </div>
  );
}

/** Why a file was refused, in the language of the page, and the sentence of the service. */
function FailureText({ error }: { readonly error: unknown }) {
  const { text, detail } = describeError(error, t(), locale.value);
  return (
    <>
      {text} {detail !== undefined && <span lang="en">({detail})</span>}
    </>
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
