/** States of an item in the HTTP API. */
export const ITEM_STATES = ['queued', 'active', 'done', 'failed'] as const;

/** Review states by which items are found. `edited` and `rejected`: at least one text is. */
const REVIEW_FILTERS = ['unreviewed', 'partly', 'reviewed', 'edited', 'rejected'] as const;

/** Which items of a job are shown, and in which order. */
export interface JobFilter {
  readonly state?: (typeof ITEM_STATES)[number];
  readonly review?: (typeof REVIEW_FILTERS)[number];
  /** The name of a flag, as the service sends it. */
  readonly flag?: string;
  /** Words to find in texts and records. */
  readonly search?: string;
  /** Only items with a text by a person. */
  readonly person?: true;
  /** Only items whose file changed since it was captioned. */
  readonly changed?: true;
  /** Undefined: by risk, highest first. */
  readonly order?: 'position';
}

/** Reads a filter from a query string. Unknown names and values are ignored: they may be of another version. */
export function parseFilter(query: string): JobFilter {
  const values = new URLSearchParams(query);
  const state = ITEM_STATES.find((each) => each === values.get('state'));
  const review = REVIEW_FILTERS.find((each) => each === values.get('review'));
  const flag = values.get('flag') ?? '';
  const search = values.get('q') ?? '';
  return {
    ...(state && { state }),
    ...(review && { review }),
    ...(flag !== '' && { flag }),
    ...(search !== '' && { search }),
    ...(values.get('person') === 'true' && { person: true }),
    ...(values.get('changed') === 'true' && { changed: true }),
    ...(values.get('order') === 'position' && { order: 'position' }),
  };
}

/** The query string of a filter, without the question mark: the same in addresses of the page and of the HTTP API. */
export function filterQuery(filter: JobFilter): string {
  const { state, review, flag, search, person, changed, order } = filter;
  const values = { state, review, flag, q: search, person, changed, order };
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

/** A filter with some values changed; `undefined` removes a value. */
export function changeFilter(
  filter: JobFilter,
  change: { readonly [name in keyof JobFilter]?: JobFilter[name] | undefined },
): JobFilter {
  const given = Object.entries<unknown>({ ...filter, ...change }).filter(
    ([, value]) => value !== undefined,
  );
  return Object.fromEntries(given);
}

/** The filter without its order: which items, not in which sequence. */
export function withoutOrder(filter: JobFilter): JobFilter {
  return changeFilter(filter, { order: undefined });
}

/** Whether a filter leaves items out. */
export function isFiltering(filter: JobFilter): boolean {
  return Object.keys(withoutOrder(filter)).length > 0;
}
