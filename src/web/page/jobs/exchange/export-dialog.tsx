import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';

import { t } from '../../locales/locale.js';
import { Dialog } from '../../shell/dialog.js';
import { DownloadIcon } from '../../shell/icons.js';
import { isFiltering, type JobFilter } from '../job-filter.js';
import type { JobDetails } from '../job-types.js';
import { exportUrl } from '../jobs-api.js';

/** The formats of the service by their names, those that most catalogues take first. */
const FORMATS = {
  csv: 'CSV',
  xmp: 'XMP',
  jsonl: 'JSON Lines',
  iiif: 'IIIF',
  webvtt: 'WebVTT',
  'dublin-core': 'Dublin Core',
  collectiveaccess: 'CollectiveAccess',
  html: 'HTML',
  imagefolder: 'Hugging Face ImageFolder',
  coco: 'COCO',
} as const;
type Format = keyof typeof FORMATS;

interface ExportDialogProps {
  readonly job: JobDetails;
  readonly filter: JobFilter;
  readonly onClose: () => void;
}

/** Chooses format and texts. The browser downloads the file while the service writes it. */
export function ExportDialog({ job, filter, onClose }: ExportDialogProps) {
  const { exchange } = t().jobs;
  const format = useSignal<Format>('csv');
  const isReviewedOnly = useSignal(true);
  const isFiltered = useSignal(isFiltering(filter));
  const formatId = useId();
  const url = exportUrl(job.id, isFiltered.value ? filter : {}, {
    format: format.value,
    ...(isReviewedOnly.value && { review: 'reviewed' }),
  });
  return (
    <Dialog title={exchange.exportTitle(job.name)} onClose={onClose}>
      <fieldset class="exchange-formats">
        <legend class="label">{exchange.format}</legend>
        {(Object.keys(FORMATS) as Format[]).map((each) => (
          <label key={each} class="exchange-format">
            <input
              type="radio"
              name={formatId}
              value={each}
              checked={format.value === each}
              onChange={() => {
                format.value = each;
              }}
            />
            <span>
              <strong>{FORMATS[each]}</strong>
              <span class="exchange-hint">{exchange.uses[each]}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <div class="exchange-options">
        <label class="filter-bar-check">
          <input
            type="checkbox"
            checked={isReviewedOnly.value}
            onChange={({ currentTarget: { checked } }) => {
              isReviewedOnly.value = checked;
            }}
          />
          {exchange.reviewedOnly}
        </label>
        {isFiltering(filter) && (
          <label class="filter-bar-check">
            <input
              type="checkbox"
              checked={isFiltered.value}
              onChange={({ currentTarget: { checked } }) => {
                isFiltered.value = checked;
              }}
            />
            {exchange.filteredOnly}
          </label>
        )}
      </div>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          {t().jobs.shortcuts.close}
        </button>
        <a class="button primary" href={url} download onClick={onClose}>
          <DownloadIcon />
          {exchange.download}
        </a>
      </div>
    </Dialog>
  );
}
