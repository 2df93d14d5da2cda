import './filter-bar.css';

import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { address, replaceAddress } from '../shell/current-address.js';
import { describeFlag } from './describe-flag.js';
import { changeFilter, type JobFilter } from './job-filter.js';
import { lastItem, reviewCounts } from './job-store.js';
import type { JobDetails, ReviewCounts } from './job-types.js';

/** Milliseconds after the last key of a search. */
const SEARCH_MS = 300;

interface FilterBarProps {
  readonly job: JobDetails;
  readonly filter: JobFilter;
}

/** A choice of items. */
interface Choice {
  readonly key:
    'all' | 'unreviewed' | 'partly' | 'reviewed' | 'edited' | 'rejected' | 'failed' | 'person';
  readonly filter: Pick<JobFilter, 'state' | 'review' | 'person'>;
  readonly count: (counts: ReviewCounts) => number | undefined;
}

const CHOICES: readonly Choice[] = [
  { key: 'all', filter: {}, count: ({ total }) => total },
  ...(['unreviewed', 'partly', 'reviewed', 'edited', 'rejected'] as const).map(
    (review): Choice => ({
      key: review,
      filter: { review },
      count: ({ by_review: counts }) => counts[review] ?? 0,
    }),
  ),
  {
    key: 'failed',
    filter: { state: 'failed' },
    count: ({ by_state: counts }) => counts['failed'] ?? 0,
  },
  { key: 'person', filter: { person: true }, count: ({ with_person_text: count }) => count },
];

/** Filters with their counts, the search, flags and the order. They are part of the address. */
export function FilterBar({ job, filter }: FilterBarProps) {
  const { filters } = t().jobs;
  const counts = reviewCounts.value;
  const ids = [useId(), useId()];
  const change = (values: Parameters<typeof changeFilter>[1]) => {
    lastItem.value = null;
    const next = changeFilter(filter, values);
    replaceAddress({ space: 'jobs', view: 'job', job: job.id, filter: next });
  };
  const { state, review, person } = filter;
  const noChoice = { state: undefined, review: undefined, person: undefined };
  return (
    <div class="filter-bar">
      <div class="filter-bar-choices" role="group" aria-label={filters.title}>
        {CHOICES.map((choice) => {
          const count = counts ? choice.count(counts) : undefined;
          const isChosen =
            choice.filter.state === state &&
            choice.filter.review === review &&
            choice.filter.person === person;
          // An empty choice would be noise, unless it is the current one.
          if (count === 0 && !isChosen && choice.key !== 'all') return null;
          return (
            <button
              key={choice.key}
              type="button"
              class="filter-bar-choice"
              aria-pressed={isChosen}
              onClick={() => change({ ...noChoice, ...choice.filter })}
            >
              {filters.choices[choice.key]}
              {count !== undefined && <span class="filter-bar-count">{filters.count(count)}</span>}
            </button>
          );
        })}
      </div>
      <div class="filter-bar-fields">
        <SearchField
          value={filter.search ?? ''}
          onChange={(search) => {
            change({ search: search === '' ? undefined : search });
          }}
        />
        <div>
          <label class="visually-hidden" for={ids[0]}>
            {filters.flag}
          </label>
          <select
            id={ids[0]}
            class="field"
            value={filter.flag ?? ''}
            onChange={({ currentTarget: { value } }) => {
              change({ flag: value === '' ? undefined : value });
            }}
          >
            <option value="">{filters.anyFlag}</option>
            {flagsOf(counts, filter.flag).map(([flag, count]) => (
              <option key={flag} value={flag}>
                {filters.flagOf(describeFlag(flag), count)}
              </option>
            ))}
          </select>
        </div>
        <div>
          <label class="visually-hidden" for={ids[1]}>
            {filters.order}
          </label>
          <select
            id={ids[1]}
            class="field"
            value={filter.order ?? 'risk'}
            onChange={({ currentTarget: { value } }) => {
              change({ order: value === 'position' ? value : undefined });
            }}
          >
            <option value="risk">{filters.byRisk}</option>
            <option value="position">{filters.byPosition}</option>
          </select>
        </div>
        <label class="filter-bar-check">
          <input
            type="checkbox"
            checked={filter.changed === true}
            onChange={({ currentTarget: { checked } }) => {
              change({ changed: checked || undefined });
            }}
          />
          {filters.changed}
        </label>
      </div>
    </div>
  );
}

/** Flags with their counts, the most frequent first. The chosen one stays when its last item is reviewed. */
function flagsOf(
  counts: ReviewCounts | null,
  chosen: string | undefined,
): readonly (readonly [string, number])[] {
  const found = Object.entries(counts?.by_flag ?? {}).map(
    ([flag, count]) => [flag, count ?? 0] as const,
  );
  const listed = found.filter(([flag, count]) => count > 0 || flag === chosen);
  if (chosen !== undefined && !listed.some(([flag]) => flag === chosen)) listed.push([chosen, 0]);
  return listed.sort((left, right) => right[1] - left[1]);
}

interface SearchFieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** The id of the search field, for the shortcut `/`. */
const SEARCH_ID = 'job-search';

function SearchField({ value, onChange }: SearchFieldProps) {
  const typed = useSignal<string | null>(null);
  useEffect(() => {
    if (typed.value === null) return undefined;
    const timer = setTimeout(() => {
      if (typed.value !== null) onChange(typed.value.trim());
      typed.value = null;
    }, SEARCH_MS);
    return () => clearTimeout(timer);
  }, [typed.value, address.value]);
  return (
    <input
      id={SEARCH_ID}
      class="field"
      type="search"
      aria-label={t().jobs.filters.search}
      placeholder={t().jobs.filters.search}
      value={typed.value ?? value}
      onInput={({ currentTarget }) => {
        typed.value = currentTarget.value;
      }}
    />
  );
}
