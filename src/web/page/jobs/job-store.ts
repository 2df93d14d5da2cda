import { signal } from '@preact/signals';

import { favoriteLanguages } from '../languages/favorite-languages.js';
import { followJob } from './follow-job.js';
import { createItemPages, type ItemPages } from './grid/item-pages.js';
import { filterQuery, type JobFilter } from './job-filter.js';
import type { JobChange } from './job-actions.js';
import type { Job, JobDetails, ReviewCounts } from './job-types.js';
import { changeJob, getJob, getReviewCounts, listItems } from './jobs-api.js';

/** Milliseconds in which the events of a job cause one request for its figures. */
const RELOAD_MS = 300;
/** Milliseconds between two requests for the counts of the filters while items are being captioned. */
const COUNT_MS = 5_000;

/** The job on show. */
export const shownJob = signal<JobDetails | null>(null);
export const reviewCounts = signal<ReviewCounts | null>(null);
export const jobError = signal<unknown>(null);

/** Ended items when the grid was loaded, from which the page knows that there are new ones. */
const endedWhenLoaded = signal(0);

/** Loads a job and keeps its figures up to date. @returns a function that stops. */
export function watchJob(id: string): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let countTimer: ReturnType<typeof setTimeout> | undefined;
  if (shownJob.peek()?.id !== id) {
    shownJob.value = null;
    reviewCounts.value = null;
  }
  jobError.value = null;
  const reload = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void loadJob(id), RELOAD_MS);
  };
  const stop = followJob(id, {
    onProgress: (job) => {
      putProgress(job);
      countTimer ??= setTimeout(() => {
        countTimer = undefined;
        void loadCounts(id);
      }, COUNT_MS);
    },
    onChange: reload,
  });
  void loadJob(id);
  return () => {
    clearTimeout(timer);
    clearTimeout(countTimer);
    stop();
  };
}

async function loadJob(id: string): Promise<void> {
  try {
    shownJob.value = await getJob(id);
    await loadCounts(id);
    jobError.value = null;
  } catch (error) {
    jobError.value = error;
  }
}

/** Counts the items of every filter again. */
export async function loadCounts(id: string): Promise<void> {
  const counts = await getReviewCounts(id).catch(() => null);
  if (counts && shownJob.peek()?.id === id) reviewCounts.value = counts;
}

/** The events have the figures of the list only. */
function putProgress(job: Job): void {
  const known = shownJob.peek();
  if (known?.id === job.id) shownJob.value = { ...known, ...job };
}

/** Pauses, resumes, cancels or retries the job on show. */
export async function changeShownJob(
  id: string,
  change: Exclude<JobChange, 'delete'>,
): Promise<void> {
  try {
    shownJob.value = await changeJob(id, change);
    jobError.value = null;
  } catch (error) {
    jobError.value = error;
  }
}

interface OpenGrid {
  readonly job: string;
  readonly query: string;
  readonly pages: ItemPages;
}

const grid = signal<OpenGrid | null>(null);

/** The item that was looked at last, where the grid opens again. */
export const lastItem = signal<number | null>(null);

/** The items that a filter finds. Kept while an item is on show, so that the way back is short. */
export function itemPages(job: string, filter: JobFilter): ItemPages {
  const query = filterQuery(filter);
  const open = grid.peek();
  if (open?.job === job && open.query === query) return open.pages;
  return openGrid(job, filter).pages;
}

/** The items that are loaded, if a grid of this job is open. */
export function openItemPages(job: string): ItemPages | undefined {
  return grid.peek()?.job === job ? grid.peek()?.pages : undefined;
}

/** Loads the items of a filter from the service again. */
export function reloadItems(job: string, filter: JobFilter): void {
  openGrid(job, filter);
  void loadCounts(job);
}

/** Which grid is open; a component that calls this renders again when it is loaded anew. */
export function gridVersion(): unknown {
  return grid.value;
}

function openGrid(job: string, filter: JobFilter): OpenGrid {
  const language = textLanguage();
  const pages = createItemPages((cursor, limit) =>
    listItems(job, filter, { limit, cursor, language }),
  );
  const opened = { job, query: filterQuery(filter), pages };
  grid.value = opened;
  endedWhenLoaded.value = endedItems(shownJob.peek());
  return opened;
}

/** Items that ended since the grid was loaded. */
export function newResults(): number {
  return Math.max(0, endedItems(shownJob.value) - endedWhenLoaded.value);
}

function endedItems(job: Job | null): number {
  return job ? job.counts.done + job.counts.failed : 0;
}

/** The language whose text a cell shows: a favorite one of the job, else its first. */
function textLanguage(): string {
  const languages = shownJob.peek()?.recipe?.languages ?? [];
  return languages.find((code) => favoriteLanguages.peek().includes(code)) ?? languages[0] ?? '';
}
