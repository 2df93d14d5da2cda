import { useSignal } from '@preact/signals';

import { t } from '../locales/locale.js';
import { formatAddress } from '../shell/address.js';
import type { JobDetails } from './job-types.js';
import { listSkipped } from './jobs-api.js';

/** Failed items by their reason, and entries of the source that are no items. */
export function JobFailures({ job }: { readonly job: JobDetails }) {
  const { failures } = t().jobs;
  const filter = { state: 'failed' } as const;
  return (
    <>
      {job.failures.length > 0 && (
        <details class="job-details">
          <summary>{failures.title(job.counts.failed)}</summary>
          <ul>
            {job.failures.map(({ code, items }) => (
              <li key={code}>
                {items} × {t().errors.byCode[code]?.replace('{facts}', '') ?? code}
              </li>
            ))}
            <li>
              <a href={formatAddress({ space: 'jobs', view: 'job', job: job.id, filter })}>
                {failures.show}
              </a>
            </li>
          </ul>
        </details>
      )}
      {job.counts.skipped > 0 && <Skipped job={job} />}
    </>
  );
}

function Skipped({ job }: { readonly job: JobDetails }) {
  const entries = useSignal<Awaited<ReturnType<typeof listSkipped>> | null>(null);
  return (
    <details
      class="job-details"
      onToggle={() => {
        if (entries.value) return;
        void listSkipped(job.id).then(
          (listed) => {
            entries.value = listed;
          },
          // The list can be opened again.
          () => undefined,
        );
      }}
    >
      <summary>{t().jobs.failures.skipped(job.counts.skipped)}</summary>
      <ul tabIndex={0} aria-label={t().jobs.failures.skipped(job.counts.skipped)}>
        {(entries.value ?? []).map(({ entry, reason }, index) => (
          <li key={index}>
            {entry} <span lang="en">({reason})</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
