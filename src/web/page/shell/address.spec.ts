import { type Address, formatAddress, parseAddress } from './address.js';

const ADDRESSES: readonly (readonly [string, Address])[] = [
  ['#/captions', { space: 'captions' }],
  ['#/ask', { space: 'ask' }],
  ['#/jobs', { space: 'jobs', view: 'list' }],
  ['#/jobs/new', { space: 'jobs', view: 'new' }],
  ['#/jobs/job_0a', { space: 'jobs', view: 'job', job: 'job_0a', filter: {} }],
  [
    '#/jobs/job_0a?state=failed&review=edited&flag=cut_off&q=mar%C3%A7+%26+%3F&person=true&changed=true&order=position',
    {
      ...{ space: 'jobs', view: 'job', job: 'job_0a' },
      filter: {
        ...{ state: 'failed', review: 'edited', flag: 'cut_off', search: 'març & ?' },
        ...{ person: true, changed: true, order: 'position' },
      },
    },
  ],
  [
    '#/jobs/job_0a/items/12?review=unreviewed',
    {
      ...{ space: 'jobs', view: 'item', job: 'job_0a', item: 12 },
      filter: { review: 'unreviewed' },
    },
  ],
];

it.each(ADDRESSES)('%s names a view and is written for it', (fragment, address) => {
  expect(parseAddress(fragment)).toEqual(address);
  expect(formatAddress(address)).toBe(fragment);
});

it.each([
  ['', '#/captions'],
  ['#', '#/captions'],
  ['#/unknown/x', '#/captions'],
  ['#/jobs/', '#/jobs'],
  ['#/jobs/job_0a/items/last', '#/jobs'],
  ['#/jobs/job_0a/items', '#/jobs'],
  ['#/jobs/job_0a?state=gone&review=&order=size', '#/jobs/job_0a'],
  ['#/jobs/%E0%A4?q=100%25', '#/jobs/%25E0%25A4?q=100%25'],
])('"%s" shows %s', (fragment, shown) => {
  expect(formatAddress(parseAddress(fragment))).toBe(shown);
});
