import './job-view.css';

import { useEffect } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { formatAddress, JOB_LIST } from '../shell/address.js';
import { goTo } from '../shell/current-address.js';
import { ErrorNote } from '../shell/error-note.js';
import { RefreshIcon } from '../shell/icons.js';
import { BulkReview } from './bulk-review.js';
import { ExchangeButtons } from './exchange/exchange-buttons.js';
import { FilterBar } from './filter-bar.js';
import { ItemGrid } from './grid/item-grid.js';
import { JobButtons } from './job-buttons.js';
import { isFiltering, type JobFilter } from './job-filter.js';
import { JobProgress } from './job-progress.js';
import {
  changeShownJob,
  gridVersion,
  itemPages,
  jobError,
  lastItem,
  newResults,
  reloadItems,
  shownJob,
  watchJob,
} from './job-store.js';
import type { JobDetails } from './job-types.js';
import { deleteJob } from './jobs-api.js';
import { JobFailures } from './job-failures.js';
import { PilotReport } from './pilot-report.js';
import { UploadProgress } from './new/upload-progress.js';
import { OutboxNote } from './review/outbox-note.js';
import { ViewHeading } from './view-heading.js';

interface JobViewProps {
  readonly id: string;
  readonly filter: JobFilter;
}

/** One job: its progress, and its items to review. */
export function JobView({ id, filter }: JobViewProps) {
  useEffect(() => watchJob(id), [id]);
  const job = shownJob.value?.id === id ? shownJob.value : null;
  return (
    <div class="job-view">
      <nav class="crumbs" aria-label={t().jobs.crumbs}>
        <a href={formatAddress(JOB_LIST)}>{t().jobs.list.title}</a>
        <span aria-hidden="true">/</span>
        <span aria-current="page">{job?.name ?? '…'}</span>
      </nav>
      {jobError.value !== null && <ErrorNote error={jobError.value} />}
      {job && (
        <>
          <JobHead job={job} />
          <OutboxNote />
          <JobItems job={job} filter={filter} />
        </>
      )}
    </div>
  );
}

function JobHead({ job }: { readonly job: JobDetails }) {
  return (
    <header class="job-view-head card">
      <div class="job-view-title">
        <ViewHeading title={job.name} />
        <JobButtons
          job={job}
          onChange={(change) => {
            if (change !== 'delete') void changeShownJob(job.id, change);
            else void removeJob(job.id);
          }}
        />
      </div>
      <JobProgress job={job} />
      <UploadProgress job={job} />
      <PilotReport job={job} />
      <div class="job-view-details">
        <JobFailures job={job} />
      </div>
    </header>
  );
}

async function removeJob(id: string): Promise<void> {
  try {
    await deleteJob(id);
    goTo(JOB_LIST);
  } catch (error) {
    jobError.value = error;
  }
}

function JobItems({ job, filter }: { readonly job: JobDetails; readonly filter: JobFilter }) {
  const version = gridVersion();
  const pages = itemPages(job.id, filter);
  useEffect(() => {
    void pages.load(1);
  }, [pages]);
  const isEmpty = pages.total.value === 0;
  return (
    <section class="job-items" aria-label={t().jobs.grid.title}>
      <div class="job-items-tools">
        <FilterBar job={job} filter={filter} />
      </div>
      <div class="job-items-line">
        <p role="status">
          {pages.total.value !== null &&
            (isFiltering(filter)
              ? t().jobs.grid.found(pages.total.value)
              : t().jobs.grid.all(pages.total.value))}
        </p>
        <NewResults job={job} filter={filter} />
        <div class="job-items-actions">
          <BulkReview job={job} filter={filter} total={pages.total.value ?? 0} />
          <ExchangeButtons job={job} filter={filter} />
        </div>
      </div>
      {pages.error.value !== null && (
        <ErrorNote error={pages.error.value} onRetry={() => reloadItems(job.id, filter)} />
      )}
      {isEmpty && (
        <p class="job-items-empty card">
          {isFiltering(filter) ? t().jobs.grid.noneFound : t().jobs.grid.none}
        </p>
      )}
      <ItemGrid
        key={version}
        job={job.id}
        filter={filter}
        pages={pages}
        startId={lastItem.peek()}
      />
    </section>
  );
}

/**
 * Offers to load new results. They are loaded without being asked for while the person is at the top of the list:
 * elsewhere, cells would move away under the pointer.
 */
function NewResults({ job, filter }: { readonly job: JobDetails; readonly filter: JobFilter }) {
  const count = newResults();
  useEffect(() => {
    if (count === 0) return undefined;
    const timer = setTimeout(() => {
      const isBusy = document.querySelector('.item-grid :focus-visible') !== null;
      if (scrollY < innerHeight / 2 && !isBusy) reloadItems(job.id, filter);
    }, 2_000);
    return () => clearTimeout(timer);
  }, [count > 0, job.id, filter]);
  if (count === 0) return null;
  return (
    <button type="button" class="button quiet" onClick={() => reloadItems(job.id, filter)}>
      <RefreshIcon />
      {t().jobs.grid.newResults(count)}
    </button>
  );
}
