import {
  changeFilter,
  filterQuery,
  isFiltering,
  type JobFilter,
  parseFilter,
  withoutOrder,
} from './job-filter.js';

it('reads what it writes', () => {
  const filter: JobFilter = {
    state: 'failed',
    review: 'partly',
    flag: 'cut_off',
    search: 'plaça &?',
    person: true,
    changed: true,
    order: 'position',
  };
  expect(parseFilter(filterQuery(filter))).toEqual(filter);
  expect(parseFilter('')).toEqual({});
});

it('ignores values of other versions', () => {
  expect(parseFilter('state=gone&review=maybe&person=1&order=size&size=4')).toEqual({});
});

it('changes and removes values', () => {
  const filter = { review: 'edited', search: 'neu' } as const;
  expect(changeFilter(filter, { review: undefined, flag: 'too_long' })).toEqual({
    search: 'neu',
    flag: 'too_long',
  });
  expect(filter).toEqual({ review: 'edited', search: 'neu' });
});

it('filters with any value except the order', () => {
  expect(isFiltering({})).toBe(false);
  expect(isFiltering({ order: 'position' })).toBe(false);
  expect(isFiltering({ search: 'x', order: 'position' })).toBe(true);
  expect(withoutOrder({ search: 'x', order: 'position' })).toEqual({ search: 'x' });
});
