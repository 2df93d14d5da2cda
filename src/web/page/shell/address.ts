import { filterQuery, type JobFilter, parseFilter } from '../jobs/job-filter.js';

/** The spaces of the page, in the order of their tabs. */
export const SPACES = ['captions', 'ask', 'jobs'] as const;
export type Space = (typeof SPACES)[number];

/** What the page shows. */
export type Address =
  | { readonly space: 'captions' }
  | { readonly space: 'ask' }
  | { readonly space: 'jobs'; readonly view: 'list' }
  | { readonly space: 'jobs'; readonly view: 'new' }
  | {
      readonly space: 'jobs';
      readonly view: 'job';
      readonly job: string;
      readonly filter: JobFilter;
    }
  | {
      readonly space: 'jobs';
      readonly view: 'item';
      readonly job: string;
      readonly item: number;
      readonly filter: JobFilter;
    };

export const JOB_LIST: Address = { space: 'jobs', view: 'list' };
const CAPTIONS: Address = { space: 'captions' };

/** Reads the fragment of a URL, with or without `#`. Whatever is no address of the page is that of the captions. */
export function parseAddress(fragment: string): Address {
  const [path = '', query = ''] = splitAtFirst(fragment.replace(/^#/, ''), '?');
  const [space, job, items, item, ...rest] = path.split('/').filter((part) => part !== '');
  if (space === 'ask' && job === undefined) return { space };
  if (space !== 'jobs' || rest.length > 0) return CAPTIONS;
  if (job === undefined) return JOB_LIST;
  if (items === undefined) {
    return job === 'new' ? { space, view: 'new' } : { space, view: 'job', ...ofJob(job, query) };
  }
  if (items !== 'items' || item === undefined || !/^\d{1,15}$/.test(item)) return JOB_LIST;
  return { space, view: 'item', ...ofJob(job, query), item: Number(item) };
}

/** The fragment of an address, with `#`. */
export function formatAddress(address: Address): string {
  if (address.space !== 'jobs') return `#/${address.space}`;
  switch (address.view) {
    case 'list':
      return '#/jobs';
    case 'new':
      return '#/jobs/new';
    case 'job':
      return withQuery(`#/jobs/${encodeURIComponent(address.job)}`, address.filter);
    case 'item':
      return withQuery(
        `#/jobs/${encodeURIComponent(address.job)}/items/${address.item}`,
        address.filter,
      );
  }
}

function ofJob(part: string, query: string) {
  return { job: decode(part), filter: parseFilter(query) };
}

function withQuery(path: string, filter: JobFilter): string {
  const query = filterQuery(filter);
  return query === '' ? path : `${path}?${query}`;
}

/** A part that was not encoded by this page may contain a single %. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function splitAtFirst(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
