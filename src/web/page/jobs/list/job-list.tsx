import './job-list.css';

import { useEffect } from 'preact/hooks';

import { t } from '../../locales/locale.js';
import { formatAddress } from '../../shell/address.js';
import { ErrorNote } from '../../shell/error-note.js';
import { PlusIcon } from '../../shell/icons.js';
import { formatWhen } from '../format.js';
import { JobButtons } from '../job-buttons.js';
import { JobProgress } from '../job-progress.js';
import type { Job } from '../job-types.js';
import { ViewHeading } from '../view-heading.js';
import { applyToJob, jobListError, jobs, reloadJobs, watchJobs } from './job-list-store.js';

/** All jobs with their progress, and the way to a new one. */
export function JobList() {
  const { list } = t().jobs;
  useEffect(watchJobs, []);
  return (
    <div class="job-list">
      <header class="job-list-head">
        <ViewHeading title={list.title} />
        <a class="button primary" href={formatAddress({ space: 'jobs', view: 'new' })}>
          <PlusIcon />
          {list.create}
        </a>
      </header>
      {jobListError.value !== null && (
        <ErrorNote error={jobListError.value} onRetry={() => void reloadJobs()} />
      )}
      {jobs.value?.length === 0 && <EmptyList />}
      {jobs.value !== null && jobs.value.length > 0 && (
        <ul class="job-list-items">
          {jobs.value.map((job) => (
            <li key={job.id}>
              <JobCard job={job} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function EmptyList() {
  const { list } = t().jobs;
  return (
    <div class="job-list-empty card">
      <p class="job-list-empty-title">{list.empty}</p>
      <p>{list.emptyHint}</p>
    </div>
  );
}

function JobCard({ job }: { readonly job: Job }) {
  const { list } = t().jobs;
  return (
    <article class="card job-list-card" aria-label={job.name}>
      <div class="job-list-name">
        <h3>
          {job.kind === 'batch' ? (
            job.name
          ) : (
            <a href={formatAddress({ space: 'jobs', view: 'job', job: job.id, filter: {} })}>
              {job.name}
            </a>
          )}
        </h3>
        <p class="job-list-created">
          {list.created(formatWhen(job.created))}
          {job.kind === 'batch' && ` · ${list.batch}`}
        </p>
      </div>
      <JobProgress job={job} />
      <JobButtons job={job} onChange={(change) => void applyToJob(job, change)} />
    </article>
  );
}
