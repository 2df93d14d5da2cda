import { getJson, getList, post, postJson, sendDelete } from '../service/http.js';
import { changeFilter, filterQuery, type JobFilter, withoutOrder } from './job-filter.js';
import type {
  BulkResult,
  Decision,
  ImportResult,
  Item,
  ItemPage,
  Job,
  JobDetails,
  ReviewCounts,
} from './job-types.js';

/** Jobs that the list shows. */
const LISTED_JOBS = 200;

export const jobPath = (job: string) => `v1/jobs/${encodeURIComponent(job)}`;
const itemPath = (job: string, item: number) => `${jobPath(job)}/items/${item}`;

/** A decision about 300,000 texts takes more than a minute: only a lost connection ends such a request. */
const NO_TIME_LIMIT = { timeoutMs: null };

/** Who decides, and that it is a person in the page. */
const by = (author: string) => ({ author, origin: 'page' });

/** The newest jobs, newest first. @throws ServiceError, as every function of this file. */
export async function listJobs(): Promise<readonly Job[]> {
  return await getList<Job>(`v1/jobs?limit=${LISTED_JOBS}`);
}

export async function getJob(job: string): Promise<JobDetails> {
  return await getJson(jobPath(job));
}

/** @param key the same for repetitions of a request, so that they create one job. */
export async function createJob(request: object, key: string): Promise<JobDetails> {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
  return await post('v1/jobs', JSON.stringify(request), headers);
}

export async function changeJob(
  job: string,
  change: 'pause' | 'resume' | 'cancel' | 'retry',
): Promise<JobDetails> {
  return await postJson(`${jobPath(job)}/${change}`, {});
}

export async function deleteJob(job: string): Promise<void> {
  await sendDelete(jobPath(job));
}

export async function listItems(
  job: string,
  filter: JobFilter,
  { limit, cursor, language }: { limit: number; cursor: string | null; language: string },
): Promise<ItemPage> {
  const page = new URLSearchParams({ limit: String(limit), language });
  if (cursor !== null) page.set('cursor', cursor);
  return await getJson(`${jobPath(job)}/review?${joinQueries(filterQuery(filter), page)}`);
}

export async function getReviewCounts(job: string): Promise<ReviewCounts> {
  return await getJson(`${jobPath(job)}/review/counts`);
}

/** @param filter finds the neighbors of the item. */
export async function getItem(job: string, item: number, filter: JobFilter): Promise<Item> {
  return await getJson(withQuery(itemPath(job, item), filterQuery(filter)));
}

export interface ReviewedDecision {
  readonly number: number;
  readonly decision: Decision;
  readonly text?: string;
  /** The number of revisions that the person saw. A stale one is refused with REVIEW_CONFLICT. */
  readonly revision: number;
}

export async function reviewItem(
  job: string,
  item: number,
  author: string,
  decisions: readonly ReviewedDecision[],
): Promise<Item> {
  return await postJson(`${itemPath(job, item)}/review`, { ...by(author), decisions });
}

/** Decides about every text that the filter finds and that no person decided about. */
export async function reviewAll(
  job: string,
  author: string,
  filter: JobFilter,
  mode: 'dry run' | 'real',
): Promise<BulkResult> {
  const { search, ...rest } = withoutOrder(filter);
  const found = { ...rest, ...(search !== undefined && { q: search }) };
  const body = { ...by(author), decision: 'accept', filter: found, dry_run: mode === 'dry run' };
  return await postJson(`${jobPath(job)}/review`, body, NO_TIME_LIMIT);
}

export async function undoReview(
  job: string,
  group: string,
  author: string,
): Promise<{ readonly texts: number }> {
  const path = `${jobPath(job)}/review/${encodeURIComponent(group)}/undo`;
  return await postJson(path, by(author), NO_TIME_LIMIT);
}

export async function regenerateItem(
  job: string,
  item: number,
  options: { readonly detail: string; readonly hint?: string },
): Promise<void> {
  await postJson(`${itemPath(job, item)}/regenerate`, options);
}

/** @param format `csv` or `jsonl`, by which the service reads the file. */
export async function importTexts(
  job: string,
  file: Blob,
  format: 'csv' | 'jsonl',
  author: string,
): Promise<ImportResult> {
  const type = format === 'csv' ? 'text/csv' : 'application/jsonl';
  const query = new URLSearchParams({ author });
  return await post(`${jobPath(job)}/import?${query}`, file, { 'Content-Type': type });
}

/** The paths of the files that a job of uploads has received: its items, and the files that it skipped. */
export async function listArrived(job: string): Promise<ReadonlySet<string>> {
  const items = await listAll<{ readonly identifier: string }>(`${jobPath(job)}/items`);
  const skipped = await listAll<{ readonly entry: string }>(`${jobPath(job)}/skipped`);
  return new Set([
    ...items.map(({ identifier }) => identifier),
    ...skipped.map(({ entry }) => entry),
  ]);
}

/** All pages of a list. */
async function listAll<T>(path: string): Promise<readonly T[]> {
  const found: T[] = [];
  let after: string | null = null;
  do {
    const cursor: string = after === null ? '' : `&after=${encodeURIComponent(after)}`;
    const page: { readonly data: readonly T[]; readonly next: string | null } = await getJson(
      `${path}?limit=1000${cursor}`,
    );
    found.push(...page.data);
    after = page.next;
  } while (after !== null);
  return found;
}

/** Ends the listing of a job whose files were uploaded. */
export async function completeUploads(job: string): Promise<void> {
  await postJson(`${jobPath(job)}/uploads/complete`, {});
}

/** Entries of the source that are not items: the first ones. */
export async function listSkipped(
  job: string,
): Promise<readonly { readonly entry: string; readonly code: string; readonly reason: string }[]> {
  return await getList(`${jobPath(job)}/skipped?limit=100`);
}

export const thumbnailUrl = (job: string, item: number) => `${itemPath(job, item)}/thumbnail`;
export const mediaUrl = (job: string, item: number) => `${itemPath(job, item)}/media`;
export const previewUrl = (job: string, item: number) => `${mediaUrl(job, item)}?preview=1`;

/** @param options of the export: its format, and further ones that a format takes. */
export function exportUrl(
  job: string,
  filter: JobFilter,
  options: Readonly<Record<string, string>>,
): string {
  // The parameter "review" chooses texts as well as items.
  const found = changeFilter(filter, { order: undefined, review: undefined });
  const values = { review: filter.review ?? 'all', ...options };
  return `${jobPath(job)}/export?${joinQueries(filterQuery(found), new URLSearchParams(values))}`;
}

/** The address of an event stream about a job. */
export const eventsUrl = (job: string) => `${jobPath(job)}/events`;

function joinQueries(first: string, second: URLSearchParams): string {
  return first === '' ? second.toString() : `${first}&${second}`;
}

function withQuery(path: string, query: string): string {
  return query === '' ? path : `${path}?${query}`;
}
