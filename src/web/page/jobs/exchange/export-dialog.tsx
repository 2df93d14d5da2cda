import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';

import { t } from '../../locales/locale.js';
import { Dialog } from '../../shell/dialog.js';
import { DownloadIcon } from '../../shell/icons.js';
import { TextField } from '../../shell/text-field.js';
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
  atom: 'AtoM',
  html: 'HTML',
  imagefolder: 'Hugging Face ImageFolder',
  coco: 'COCO',
} as const;
type Format = keyof typeof FORMATS;
const FORMAT_NAMES = Object.keys(FORMATS) as Format[];

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
  const baseUrl = useSignal('');
  // Annotation pages belong to canvases.
  const formats = FORMAT_NAMES.filter((each) => each !== 'iiif' || job.source.kind === 'iiif');
  const isComplete = format.value !== 'iiif' || isWebAddress(baseUrl.value);
  const url = exportUrl(job.id, isFiltered.value ? filter : {}, {
    format: format.value,
    ...(isReviewedOnly.value && { review: 'reviewed' }),
    ...(format.value === 'iiif' && { base_url: baseUrl.value.trim() }),
  });
  return (
    <Dialog title={exchange.exportTitle(job.name)} onClose={onClose}>
      <fieldset class="exchange-formats">
        <legend class="label">{exchange.format}</legend>
        {formats.map((each) => (
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
      {format.value === 'iiif' && (
        <TextField
          label={exchange.baseUrl}
          hint={exchange.baseUrlHint}
          value={baseUrl}
          inputMode="url"
        />
      )}
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
        <a
          class="button primary"
          // A link without an address is not active.
          {...(isComplete && { href: url, download: true, onClick: onClose })}
          aria-disabled={!isComplete}
        >
          <DownloadIcon />
          {exchange.download}
        </a>
      </div>
    </Dialog>
  );
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text.trim()) && /^https?:/.test(text.trim());
}
