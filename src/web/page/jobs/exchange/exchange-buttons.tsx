import './exchange.css';

import { useSignal } from '@preact/signals';

import { t } from '../../locales/locale.js';
import { DownloadIcon, UploadIcon } from '../../shell/icons.js';
import type { JobFilter } from '../job-filter.js';
import type { JobDetails } from '../job-types.js';
import { ExportDialog } from './export-dialog.js';
import { ImportDialog } from './import-dialog.js';

interface ExchangeButtonsProps {
  readonly job: JobDetails;
  readonly filter: JobFilter;
}

/** Takes texts out of a job, and reviewed ones back in. */
export function ExchangeButtons({ job, filter }: ExchangeButtonsProps) {
  const open = useSignal<'export' | 'import' | null>(null);
  const { exchange } = t().jobs;
  const close = () => {
    open.value = null;
  };
  const show = (dialog: 'export' | 'import') => () => {
    open.value = dialog;
  };
  return (
    <>
      <button type="button" class="button" onClick={show('export')}>
        <DownloadIcon />
        {exchange.export}
      </button>
      <button type="button" class="button" onClick={show('import')}>
        <UploadIcon />
        {exchange.import}
      </button>
      {open.value === 'export' && <ExportDialog job={job} filter={filter} onClose={close} />}
      {open.value === 'import' && <ImportDialog job={job} filter={filter} onClose={close} />}
    </>
  );
}
