import './jobs-space.css';

import { useEffect } from 'preact/hooks';

import type { Address } from '../shell/address.js';
import { ItemView } from './item/item-view.js';
import { JobView } from './job-view.js';
import { JobList } from './list/job-list.js';
import { NewJob } from './new/new-job.js';
import { ReviewerDialog } from './review/reviewer.js';

const PAGE_TITLE = 'Visual Salamandra';

interface JobsSpaceProps {
  readonly address: Extract<Address, { space: 'jobs' }>;
}

/** The jobs: their list, a new one, one with its items, or one item. */
export function JobsSpace({ address }: JobsSpaceProps) {
  useEffect(
    () => () => {
      document.title = PAGE_TITLE;
    },
    [],
  );
  return (
    <>
      <JobsViewOf address={address} />
      <ReviewerDialog />
    </>
  );
}

function JobsViewOf({ address }: JobsSpaceProps) {
  switch (address.view) {
    case 'list':
      return <JobList />;
    case 'new':
      return <NewJob />;
    case 'job':
      return <JobView key={address.job} id={address.job} filter={address.filter} />;
    case 'item':
      return (
        <ItemView key={address.job} job={address.job} id={address.item} filter={address.filter} />
      );
  }
}
